// SPDX-License-Identifier: Apache-2.0
#include "qmtl/version.h"

#include "runtime/base/version.h"

namespace qmtl {

const char* version() { return program_version; }

}  // namespace qmtl
