// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "distributed/comm.h"

namespace qmtl {

// The subcommands: `args` is what follows the subcommand's name; the result is the exit code. Results go to
// standard output, logs and progress to standard error. Errors are thrown as Error and printed by main.
// main.cpp holds the table of them: a new one needs its file, a line here and a row there.
using Arguments = std::vector<std::string>;

int import_command(const Comm& comm, const Arguments& args);
int train_command(const Comm& comm, const Arguments& args);
int eval_command(const Comm& comm, const Arguments& args);
int predict_command(const Comm& comm, const Arguments& args);
int inspect_command(const Comm& comm, const Arguments& args);
int doctor_command(const Comm& comm, const Arguments& args);
int plan_command(const Comm& comm, const Arguments& args);
int bench_command(const Comm& comm, const Arguments& args);
int noise_command(const Comm& comm, const Arguments& args);
int sweep_command(const Comm& comm, const Arguments& args);
int scale_command(const Comm& comm, const Arguments& args);
int compare_command(const Comm& comm, const Arguments& args);
int watch_command(const Comm& comm, const Arguments& args);
int report_command(const Comm& comm, const Arguments& args);
int emulate_command(const Comm& comm, const Arguments& args);
int replay_command(const Comm& comm, const Arguments& args);
int supervise_command(const Comm& comm, const Arguments& args);
int export_command(const Comm& comm, const Arguments& args);

}  // namespace qmtl
