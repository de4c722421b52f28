// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/version.h"

namespace qmtl {

const char* const program_version = QMTL_VERSION;

}  // namespace qmtl
