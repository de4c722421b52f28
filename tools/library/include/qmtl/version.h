// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace qmtl {

/// Version of the library, such as "0.1.0"; checkpoints keep it.
const char* version();
/// Instruction set that this machine computes with, such as "avx2". Results are equal on machines of equal
/// rounding: avx512 and avx2 among each other, the others among each other.
std::string instruction_set();

}  // namespace qmtl
