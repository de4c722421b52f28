// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "runtime/circuit/circuit.h"

namespace qmtl {

// Circuits that were found too deep to expand (pauli.h) after much work: plans ask about the same ones again
// and again. The last few are remembered.

bool known_too_deep(const Circuit& circuit, bool second_moments, std::size_t limit = 4096);
void remember_too_deep(const Circuit& circuit, bool second_moments, std::size_t limit);

}  // namespace qmtl
