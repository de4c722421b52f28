// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/trial.h"

#include <cmath>

#include "runtime/model/class_report.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/train/loop/evaluate.h"
#include "tools/workflows/training/fit.h"
#include "tools/workflows/training/results.h"

namespace qmtl {
namespace {

std::vector<double> calibration_errors(const ModelSpec& spec, const Dataset& data,
                                       const std::vector<std::size_t>& rows,
                                       const std::vector<float>& logits) {
  const std::vector<const Task*> tasks = bind_tasks(data, spec);
  const std::vector<std::size_t> columns = task_columns(spec);
  std::vector<double> errors;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const auto report = class_report(*tasks[t], rows, logits, columns.back(), columns[t]);
    errors.push_back(report ? report->calibration.expected_error : NAN);
  }
  return errors;
}

}  // namespace

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
  const std::vector<std::size_t> rows = data.rows(Split::test);
  const std::vector<float> logits = predict_rows(ranks, *made.learner, rows);
  const ModelSpec& spec = made.learner->spec();
  const Scores scores = score_logits(ranks, spec, data, rows, logits);
  ranks.together([&] { result.calibration = calibration_errors(spec, data, rows, logits); });
  result.mean = scores.mean;
  result.tasks = scores.tasks;
  result.argmax = scores.argmax_accuracy;
  const ParameterCount count = count_parameters(made.learner->params());
  result.head = count.head;
  result.backbone = count.backbone;
  return result;
}

}  // namespace qmtl
