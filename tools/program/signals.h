// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace qmtl {

/// From now on SIGINT, SIGTERM, SIGHUP and SIGUSR1 only ask for a stop: the training loop saves a checkpoint
/// and ends with exit code 75. A second SIGINT, SIGTERM or SIGHUP ends the program at once.
void catch_stop_signals();

/// Whether one of them has come.
bool stop_requested();

}  // namespace qmtl
