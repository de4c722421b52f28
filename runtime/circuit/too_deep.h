// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// Whether expand_pauli (pauli.h) gave up on that circuit after much work.
bool known_too_deep(const Circuit& circuit, bool second_moments, std::size_t limit = 4096);

}  // namespace qmtl
