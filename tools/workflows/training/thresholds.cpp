// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/thresholds.h"

#include "runtime/base/error.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/model/metrics.h"

namespace qmtl {

std::vector<TaskThresholds> find_thresholds(const ModelSpec& spec, const Dataset& data,
                                            const std::vector<std::size_t>& rows,
                                            const std::vector<float>& logits, const std::string& metric) {
  const std::vector<const Task*> tasks = bind_tasks(data, spec);
  std::vector<TaskThresholds> all(tasks.size());
  const std::vector<std::size_t> columns = task_columns(spec);
  bool any = false;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    if (tasks[t]->kind == TaskKind::binary || tasks[t]->kind == TaskKind::multilabel) {
      all[t].metric = metric.empty() ? spec.tasks[t].metric : metric;
      all[t].outputs = choose_thresholds(*tasks[t], all[t].metric, rows, logits, columns.back(), columns[t]);
      any = true;
    }
  }
  if (!any) throw usage_error("--threshold: expected a binary or multilabel task, found none in the model");
  return all;
}

Scores score_at(const ModelSpec& spec, const Dataset& data, const std::vector<std::size_t>& rows,
                const std::vector<float>& logits, const std::vector<TaskThresholds>& thresholds,
                const Scores& plain) {
  const std::vector<std::size_t> columns = task_columns(spec);
  std::vector<float> shifted = logits;
  for (std::size_t t = 0; t < thresholds.size(); ++t)
    for (std::size_t o = 0; o < thresholds[t].outputs.size(); ++o)
      for (std::size_t i = 0; i < rows.size(); ++i) {
        float& logit = shifted[i * columns.back() + columns[t] + o];
        logit = static_cast<float>(static_cast<double>(logit) - thresholds[t].outputs[o].logit);
      }
  Scores scores = plain;
  const TaskScores at = evaluate_all(data, spec, rows, shifted);
  for (std::size_t t = 0; t < at.size(); ++t)
    for (std::size_t m = 0; m < at[t].size(); ++m)
      if (metric_info(at[t][m].metric).decided) scores.metrics[t][m] = at[t][m];
  scores.tasks = first_scores(scores.metrics);
  scores.mean = mean_score(spec, scores.tasks);
  return scores;
}

std::vector<std::vector<double>> threshold_logits(const std::vector<TaskThresholds>& thresholds) {
  std::vector<std::vector<double>> all;
  for (const TaskThresholds& task : thresholds) {
    std::vector<double>& logits = all.emplace_back();
    for (const Threshold& one : task.outputs) logits.push_back(one.logit);
  }
  return all;
}

}  // namespace qmtl
