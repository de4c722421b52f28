// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/fit.h"

#include "runtime/base/version.h"
#include "runtime/train/loop/serialise.h"
#include "tools/workflows/training/load.h"

namespace qmtl {

Fit fit(const Ranks& ranks, const Config& config, const Dataset& data, SimdTarget target,
        const TrainFollower& follower) {
  Fit made;
  ranks.together([&] {
    made.statistics = standardise(data, config.model, config.standardise);
    made.learner = make_learner(config.model, config.train, data, made.statistics, target,
                                training_device(config.train));
    made.last = fresh_state(*made.learner, config.train.seed);
  });
  require_equal_rounding(ranks, made.learner->target());
  TrainHooks hooks;
  hooks.stop_requested = follower.stop;
  hooks.on_progress = follower.progress;
  hooks.on_epoch = follower.epoch;
  hooks.save = [&made](const TrainState& now, SaveRequest request) {
    if (request.best) made.best = now;
    return request.best;
  };
  made.result = train(ranks, *made.learner, config, data, made.statistics, made.last, hooks);
  if (made.last.best_epoch == 0) made.best = made.last;
  // Only rank 0 is asked to save.
  if (ranks.size() > 1)
    made.best = state_from_bytes(ranks.broadcast(ranks.root() ? to_bytes(made.best) : std::string()));
  made.learner->bind(made.best.params);
  return made;
}

Checkpoint make_checkpoint(const Config& config, const Learner& learner, const Statistics& statistics,
                           const Dataset& data, const TrainState& state) {
  Checkpoint checkpoint;
  checkpoint.config = config;
  checkpoint.config.train.shard = static_cast<int>(learner.shard());
  checkpoint.params = learner.params();
  checkpoint.state = state;
  checkpoint.statistics = statistics;
  checkpoint.meaning = meaning_of(data, config.model);
  checkpoint.data_hash = data.hash;
  checkpoint.plan = learner.plan() ? std::string(name(learner.plan()->kind)) : "none";
  checkpoint.rounding = rounding_of(learner.target());
  checkpoint.program_version = program_version;
  return checkpoint;
}

}  // namespace qmtl
