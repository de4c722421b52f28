// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "io/runs/checkpoint.h"
#include "runtime/train/loop/trainer.h"
#include "tools/workflows/training/train.h"

namespace qmtl {

/// A training without a run folder, the same on all ranks.
struct Fit {
  std::unique_ptr<Learner> learner;  ///< on the data of the call, with the parameters of `best`
  Statistics statistics;
  TrainState last;  ///< at the end of training
  TrainState best;  ///< after the epoch that was best on validation; `last` where none was
  TrainResult result;
};

/// Trains a resolved configuration over the ranks to its end, or until `follower` asks for a stop; nothing is
/// read or written. The states are those that train_run saves, to the bit. Collective; all ranks throw
/// SharedError: usage for the configuration, data for numbers that are not finite.
Fit fit(const Ranks& ranks, const Config& config, const Dataset& data, SimdTarget target,
        const TrainFollower& follower = {});

/// What a run folder keeps of a state.
Checkpoint make_checkpoint(const Config& config, const Learner& learner, const Statistics& statistics,
                           const Dataset& data, const TrainState& state);

}  // namespace qmtl
