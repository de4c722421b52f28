// SPDX-License-Identifier: Apache-2.0
#include "qmtl/version.h"

#include "runtime/base/version.h"
#include "runtime/engine/simd_target.h"

namespace qmtl {

const char* version() { return program_version; }
std::string instruction_set() { return std::string(name(available_targets().front())); }

}  // namespace qmtl
