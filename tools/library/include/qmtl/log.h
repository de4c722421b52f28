// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace qmtl {

/// From now on what workflows log goes to standard error, warnings and errors alone, and not to spdlog's
/// default logger, which writes to standard output unless somebody has changed it.
void log_warnings_to_errors();

}  // namespace qmtl
