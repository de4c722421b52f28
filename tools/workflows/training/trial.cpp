// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/trial.h"

#include <cmath>

#include "tools/workflows/training/fit.h"
#include "tools/workflows/training/results.h"

namespace qmtl {

std::optional<TrialResult> run_trial(const Ranks& ranks, const Config& config, const Dataset& data,
                                     SimdTarget target, const std::function<bool()>& stop) {
  const Fit made = fit(ranks, config, data, target, {.stop = stop});
  if (made.result.ending == Ending::interrupted) return std::nullopt;
  TrialResult result;
  result.run_hash = run_hash(made.last);
  result.best_epoch = made.last.best_epoch;
  result.steps = made.last.step;
  result.validation = made.last.best_epoch > 0 ? made.last.best_score : NAN;
  result.seconds = made.result.seconds;
  const Scores scores = score_rows(ranks, *made.learner, data, data.rows(Split::test));
  result.mean = scores.mean;
  result.tasks = scores.tasks;
  result.argmax = scores.argmax_accuracy;
  const ParameterCount count = count_parameters(made.learner->params());
  result.head = count.head;
  result.backbone = count.backbone;
  return result;
}

}  // namespace qmtl
