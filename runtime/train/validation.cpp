// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/validation.h"

#include <cmath>

#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/model/loss.h"
#include "runtime/train/label_scale.h"

namespace qmtl {

bool bounds_labels(const ModelSpec& spec, std::size_t task) {
  const TaskSpec& found = spec.tasks[task];
  return found.output.bounded() && head_kind(spec.head.kind).maps_outputs &&
         parse_task_kind(found.kind) == TaskKind::regression;
}

LabelScale label_scale(const Statistics& statistics, const TaskSpec& task) {
  if (parse_task_kind(task.kind) == TaskKind::regression)
    for (const LabelStatistics& entry : statistics.labels)
      if (entry.task == task.name) return {entry.mean, entry.deviation};
  return {};
}

double validation_loss(const Dataset& data, const ModelSpec& spec, const Statistics& statistics,
                       std::span<const std::size_t> rows, std::span<const float> logits) {
  const std::vector<const Task*> tasks = bind_tasks(data, spec);
  const std::vector<std::size_t> columns = task_columns(spec);
  double total = 0.0;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const Task& task = *tasks[t];
    const LabelScale scale = label_scale(statistics, spec.tasks[t]);
    const auto loss = make_loss(spec.tasks[t], scale);
    std::vector<float> labels;
    std::vector<double> outputs;
    double count = 0.0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t c = 0; c < task.columns; ++c) {
        labels.push_back(task.labels[rows[i] * task.columns + c]);
        count += !std::isnan(labels.back());
      }
      for (std::size_t c = columns[t]; c < columns[t + 1]; ++c) {
        const double logit = static_cast<double>(logits[i * columns.back() + c]);
        outputs.push_back(task.kind == TaskKind::regression ? (logit - scale.mean) / scale.deviation : logit);
      }
    }
    std::vector<double> gradient(outputs.size());
    const double sum = (*loss)(labels, outputs, gradient);
    if (count > 0.0) total += spec.tasks[t].weight * (sum / count);
  }
  return total;
}

}  // namespace qmtl
