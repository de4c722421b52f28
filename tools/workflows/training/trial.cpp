// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/trial.h"

#include <cmath>

#include "runtime/train/loop/serialise.h"
#include "runtime/train/loop/trainer.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/results.h"

namespace qmtl {

std::optional<TrialResult> run_trial(const Ranks& ranks, const Config& config, const Dataset& data,
                                     SimdTarget target, const std::function<bool()>& stop) {
  Statistics statistics;
  std::unique_ptr<Learner> learner;
  TrainState state, best;
  ranks.together([&] {
    statistics = standardise(data, config.model, config.standardise);
    learner = make_learner(config.model, config.train, data, statistics, target);
    best = state = fresh_state(*learner, config.train.seed);
  });
  require_equal_rounding(ranks, learner->target());
  TrainHooks hooks;
  hooks.stop_requested = stop;
  hooks.save = [&best](const TrainState& now, bool is_best) {
    if (is_best) best.params = now.params;
  };
  const TrainResult trained = train(ranks, *learner, config, data, statistics, state, hooks);
  if (trained.ending == Ending::interrupted) return std::nullopt;
  TrialResult result;
  result.run_hash = run_hash(state);
  result.best_epoch = state.best_epoch;
  result.steps = state.step;
  result.validation = state.best_epoch > 0 ? state.best_score : NAN;
  result.seconds = trained.seconds;
  // Only rank 0 is asked to save.
  if (ranks.size() > 1)
    best = state_from_bytes(ranks.broadcast(ranks.root() ? to_bytes(best) : std::string()));
  learner->bind(best.params);
  const Scores scores = score_rows(ranks, *learner, data, data.rows(Split::test));
  result.mean = scores.mean;
  result.tasks = scores.tasks;
  result.argmax = scores.argmax_accuracy;
  const ParameterCount count = count_parameters(learner->params());
  result.head = count.head;
  result.backbone = count.backbone;
  return result;
}

}  // namespace qmtl
