// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tools/workflows/supervise/restarts.h"
#include "tools/workflows/supervise/supervised_command.h"

namespace qmtl {

/// Runs a command that trains and starts it again from the newest checkpoint as the rule says; a command
/// whose run gives no sign of life for `longest_silence` seconds (0: for ever) is ended and started again.
/// Restarts are listed in RUN/restarts.jsonl. Returns the command's last exit code, or 75 where a stop was
/// asked for between two starts. Takes the process's signals while it runs.
int supervise(const SupervisedCommand& command, const RestartRule& rule, double longest_silence);

}  // namespace qmtl
