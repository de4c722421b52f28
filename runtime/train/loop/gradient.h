// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "runtime/train/learner.h"
#include "runtime/train/loop/balance.h"
#include "runtime/train/loop/ranks.h"
#include "runtime/train/loop/step_times.h"

namespace qmtl {

/// What the ranks agree on in one step.
struct StepSum {
  bool stop = false;        ///< some rank asked for a stop
  std::vector<double> sum;  ///< Learner::accumulator_size() numbers: gradient, the loss of each task, ...
  StepTimes times;          ///< compute, wait and reduce of this rank
};

/// What a step leaves for the next one to compute in: a row of numbers for each of this rank's units (and
/// what a longer batch left behind them), and how long each took.
struct StepMemory {
  std::vector<double> rows, seconds;
};

/// Gradient and losses of a batch over all ranks: every rank runs its own contiguous range of units in
/// parallel, each into its own accumulator, reduces its aligned subtrees and exchanges only those; every rank
/// finishes the same tree. The bits depend neither on ranks nor on threads. Collective. All ranks throw
/// SharedError (data) that names task or parameter, step and rank when a number is NaN or infinite, or the
/// rank on which a unit failed. `stop` is this rank's wish to stop. `balance` says who runs what, and learns
/// how long it took.
StepSum batch_gradient(const Ranks& ranks, const Learner& learner, const StepBatch& batch, bool stop,
                       Balance& balance, StepMemory& memory);

}  // namespace qmtl
