// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/train/loop/ranks.h"

namespace qmtl {

// The subcommands. A new one is a file with its `int NAME_command(const Ranks&, const Arguments&)` and its
// row here: name, whether it runs on all ranks or on rank 0 alone, whether it stops in its own time when a
// signal asks it to or simply ends, summary. `args` is what follows the subcommand's name; the result is the
// exit code. Results go to standard output, logs and progress to standard error. Errors are thrown as Error
// and printed by main. They are weak: null in a build without their room (CMakeLists.txt), whose list is the
// only one.
// clang-format off
#define QMTL_COMMANDS(ROW) \
  ROW(import, rank_0, ends, "make a data set from tables, arrays or pictures and a TOML description") \
  ROW(train, every_rank, stops, "train a model; run it under mpirun to use several ranks") \
  ROW(supervise, rank_0, ends, "run a training and start it again from its newest checkpoint when it fails") \
  ROW(eval, every_rank, ends, "metrics of a checkpoint on a split of its data set") \
  ROW(compare, every_rank, stops, "train several heads on the same splits and compare them") \
  ROW(sweep, every_rank, ends, "a checkpoint's score against shots and noise strength") \
  ROW(scale, every_rank, stops, "head parameters and accuracy against the number of tasks") \
  ROW(predict, every_rank, ends, "predictions of a checkpoint for a CSV or HDF5 file") \
  ROW(inspect, rank_0, ends, "what is in a checkpoint or data set") \
  ROW(bench, rank_0, ends, "time the circuit engine on workloads and check its answers") \
  ROW(plan, rank_0, ends, "what a configuration would train: circuit, parameters, warnings, cost") \
  ROW(presets, rank_0, ends, "the published circuits that a configuration may name") \
  ROW(keys, rank_0, ends, "the keys of a training configuration: values, defaults, meaning") \
  ROW(completion, rank_0, ends, "a script for bash or zsh that completes commands, options and keys") \
  ROW(noise, rank_0, ends, "circuits on a noisy device: probabilities or counts of bitstrings") \
  ROW(export, rank_0, ends, "write a trained model as circuits for devices or as a program for the edge") \
  ROW(emulate, rank_0, stops, "serve the protocols of quantum services from the simulator, with faults on demand") \
  ROW(forecast, rank_0, ends, "the scores that a device will give, from its calibration data, with intervals") \
  ROW(replay, rank_0, stops, "evaluate a checkpoint on a quantum device, without paying twice or losing results") \
  ROW(watch, rank_0, ends, "follow a training run from another terminal") \
  ROW(report, rank_0, ends, "one HTML page about runs, comparisons, scaling and noise") \
  ROW(doctor, every_rank, ends, "find problems of MPI, threads, SIMD and HDF5, and how to fix them")
// clang-format on
using Arguments = std::vector<std::string>;

#define DECLARE(name, where, signal, summary) \
  [[gnu::weak]] int name##_command(const Ranks& ranks, const Arguments& args);
QMTL_COMMANDS(DECLARE)
#undef DECLARE

}  // namespace qmtl
