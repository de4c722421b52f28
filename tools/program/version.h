// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace qmtl {

/// Kept in checkpoints and compared between ranks.
inline constexpr const char* program_version = "0.1.0";

}  // namespace qmtl
