// SPDX-License-Identifier: Apache-2.0
#include "hardware/tune/objective.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/math.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/train/label_scale.h"

namespace qmtl {
namespace {

/// exp(-log variance) of each task, where they are learned (Kendall, Gal & Cipolla 2018).
double precision_of(const ModelSpec& spec, std::size_t task, std::span<const double> params) {
  if (!spec.learn_task_weights) return 1.0;
  const double log_variance = params[params.size() - spec.tasks.size() + task];
  const bool regression = parse_task_kind(spec.tasks[task].kind) == TaskKind::regression;
  return (regression ? 0.5 : 1.0) * math::exp(-log_variance);
}

}  // namespace

TuneObjective::TuneObjective(const Learner& learner, const Dataset& data, const Statistics& statistics,
                             std::span<const double> params) {
  const ModelSpec& spec = learner.spec();
  if (learner.readout() == nullptr)
    throw usage_error("expected a head with a circuit, found the kind '" + spec.head.kind +
                      "', which has none");
  readout_ = *learner.readout();
  const std::vector<const Task*> labels = bind_tasks(data, spec);
  const std::vector<std::size_t> columns = task_columns(spec);
  for (std::size_t t = 0; t < spec.tasks.size(); ++t)
    tasks_.push_back({labels[t], make_loss(spec.tasks[t], label_scale(statistics, spec.tasks[t])), columns[t],
                      columns[t + 1] - columns[t], spec.tasks[t].weight * precision_of(spec, t, params)});
}

double TuneObjective::operator()(const StepBatch& batch, std::span<const double> values,
                                 std::span<double> cotangents) const {
  double total = 0.0;
  std::vector<double> logits(readout_.columns.size()), slopes(logits.size()), given(logits.size());
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    readout_.logits(values.subspan(i * readout_.outputs, readout_.outputs), logits, slopes);
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
      const BoundTask& task = tasks_[t];
      const double share = task.factor / std::max(batch.label_counts[t], 1.0);
      const auto labels =
          std::span(task.labels->labels).subspan(batch.rows[i] * task.labels->columns, task.labels->columns);
      const std::span<double> cotangent = std::span(given).subspan(task.first_column, task.columns);
      total +=
          share * (*task.loss)(labels, std::span(logits).subspan(task.first_column, task.columns), cotangent);
      for (double& c : cotangent) c *= share;
    }
    if (cotangents.empty()) continue;
    const std::span<double> of_row = cotangents.subspan(i * readout_.outputs, readout_.outputs);
    std::ranges::fill(of_row, 0.0);
    for (std::size_t c = 0; c < given.size(); ++c) {
      const ReadoutColumn& column = readout_.columns[c];
      const double g = given[c] * slopes[c];
      for (std::size_t o = 0; o < column.weights.size(); ++o)
        of_row[column.outputs[o]] += column.weights[o] / readout_.divisor * g;
    }
  }
  return total;
}

}  // namespace qmtl
