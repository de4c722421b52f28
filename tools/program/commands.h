// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/train/loop/ranks.h"

namespace qmtl {

// The subcommands: `args` is what follows the subcommand's name; the result is the exit code. Results go to
// standard output, logs and progress to standard error. Errors are thrown as Error and printed by main.
// main.cpp holds the table of them: a new one needs its file, a line here and a row there.
// They are weak: null in a build without their room (CMakeLists.txt), whose list is the only one.
using Arguments = std::vector<std::string>;

[[gnu::weak]] int import_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int train_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int eval_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int predict_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int inspect_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int doctor_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int plan_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int bench_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int noise_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int sweep_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int scale_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int compare_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int watch_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int report_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int emulate_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int replay_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int supervise_command(const Ranks& ranks, const Arguments& args);
[[gnu::weak]] int export_command(const Ranks& ranks, const Arguments& args);

}  // namespace qmtl
