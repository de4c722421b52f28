// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace qmtl {

/// Version of the project as CMakeLists.txt has it. Kept in checkpoints and compared between ranks.
extern const char* const program_version;

}  // namespace qmtl
