// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace qmtl {

/// Sends the program's messages to standard error, one to a line, as "qmtl: LEVEL: MESSAGE"; errors only if
/// `quiet`.
void start_log(bool quiet);

}  // namespace qmtl
