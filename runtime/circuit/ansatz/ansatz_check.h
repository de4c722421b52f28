// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/circuit/ansatz/ansatz.h"

namespace qmtl {

/// Throws Error (usage) that names the first key whose value cannot be built, the value and what was
/// expected.
void check(const AnsatzSpec& spec);

}  // namespace qmtl
