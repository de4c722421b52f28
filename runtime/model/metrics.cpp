// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/metrics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <string>

#include "runtime/base/error.h"
#include "runtime/base/names.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/model/scores.h"

namespace qmtl {
namespace {

using Numbers = std::span<const double>;

using scores::Confusion;

template <auto function>
double of_counts(const Confusion& counts) {
  return std::invoke(function, counts);
}
template <auto function>
double of_outputs(Numbers labels, Numbers outputs, std::size_t width) {
  return std::invoke(function, scores::confusion(labels, outputs, width));
}
double f1(const Confusion& counts) {
  return counts.labelled(1) == 0.0 ? std::numeric_limits<double>::quiet_NaN() : counts.f1(1);
}
double pearson(Numbers labels, Numbers outputs, std::size_t) { return scores::pearson(labels, outputs); }
double spearman(Numbers labels, Numbers outputs, std::size_t) {
  return scores::pearson(scores::ranks(labels), scores::ranks(outputs));
}
double rmse(Numbers labels, Numbers outputs, std::size_t) {
  return std::sqrt(scores::mean_squared_error(labels, outputs));
}
double mae(Numbers labels, Numbers outputs, std::size_t) {
  return scores::mean_absolute_error(labels, outputs);
}
double r2(Numbers labels, Numbers outputs, std::size_t) { return scores::r2(labels, outputs); }

constexpr TaskKind labels_are_classes[] = {TaskKind::binary, TaskKind::multilabel, TaskKind::multiclass};
constexpr TaskKind labels_are_two_classes[] = {TaskKind::binary, TaskKind::multilabel};
constexpr TaskKind labels_are_numbers[] = {TaskKind::regression};

/// The row of a metric that decisions alone decide.
template <auto function>
constexpr MetricInfo of_decisions(std::string_view name, std::span<const TaskKind> kinds) {
  return {name, true, kinds, of_outputs<function>, of_counts<function>};
}

// A new metric is its row.
constexpr MetricInfo metric_rows[] = {
    of_decisions<&Confusion::accuracy>("accuracy", labels_are_classes),
    of_decisions<&Confusion::balanced_accuracy>("balanced_accuracy", labels_are_classes),
    of_decisions<f1>("f1", labels_are_two_classes),
    of_decisions<&Confusion::macro_f1>("macro_f1", labels_are_classes),
    of_decisions<&Confusion::mcc>("mcc", labels_are_classes),
    {"auc", true, labels_are_classes, scores::area},
    {"log_loss", false, labels_are_classes, scores::log_loss},
    {"pearson", true, labels_are_numbers, pearson},
    {"spearman", true, labels_are_numbers, spearman},
    {"rmse", false, labels_are_numbers, rmse},
    {"mae", false, labels_are_numbers, mae},
    {"r2", true, labels_are_numbers, r2},
};
#ifndef QMTL_SANITIZED  // under -fsanitize=undefined GCC 12 takes no function template for a constant (its
                        // bug 71962)
static_assert(std::all_of(std::begin(metric_rows), std::end(metric_rows), [](const MetricInfo& row) {
  return !row.name.empty() && !row.kinds.empty() && row.value != nullptr;
}));
#endif

constexpr double undefined_score = std::numeric_limits<double>::quiet_NaN();

/// One column of a task: labels present among the rows and the outputs that go with them.
struct Column {
  std::vector<double> labels;
  std::vector<double> outputs;  ///< [labels, width]
};

Column gather(const Task& task, std::span<const std::size_t> rows, std::span<const float> logits,
              std::size_t stride, std::size_t first_column, std::size_t label_column, std::size_t width) {
  Column column;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const float label = task.labels[rows[i] * task.columns + label_column];
    if (std::isnan(label)) continue;
    column.labels.push_back(label);
    for (std::size_t c = 0; c < width; ++c) column.outputs.push_back(logits[i * stride + first_column + c]);
  }
  return column;
}

bool has_nan(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); });
}

/// Outputs that predict the labels.
std::vector<double> perfect_outputs(Numbers labels, std::size_t width) {
  std::vector<double> outputs(labels.size() * width, 0.0);
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (width == 1)
      outputs[i] = 2.0 * labels[i] - 1.0;
    else
      outputs[i * width + static_cast<std::size_t>(labels[i])] = 1.0;
  return outputs;
}

bool has_score(const MetricInfo& metric, Numbers labels, std::size_t width) {
  return !labels.empty() && !std::isnan(metric.value(labels, perfect_outputs(labels, width), width));
}

double value_of(const MetricInfo& metric, const Column& column, std::size_t width) {
  if (has_nan(column.outputs)) return undefined_score;
  const double value = metric.value(column.labels, column.outputs, width);
  return std::isnan(value) && has_score(metric, column.labels, width) ? 0.0 : value;
}

double mean_of_defined(std::span<const double> values) {
  double sum = 0.0;
  std::size_t count = 0;
  for (double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  return count == 0 ? undefined_score : sum / static_cast<double>(count);
}

}  // namespace

std::span<const MetricInfo> metric_table() { return metric_rows; }

const MetricInfo& metric_info(std::string_view metric) { return row_named(metric_table(), "metric", metric); }

bool MetricInfo::suits(TaskKind kind) const {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

void check_metric(std::string_view task, TaskKind kind, std::string_view metric) {
  std::vector<std::string> known;
  for (const MetricInfo& row : metric_rows) {
    if (!row.suits(kind)) continue;
    if (row.name == metric) return;
    known.emplace_back(row.name);
  }
  throw usage_error("task." + std::string(task) + ".metric: '" + std::string(metric) + "' does not suit a " +
                    std::string(name(kind)) + " task; choose " + one_of(known, metric));
}

std::string_view default_metric(TaskKind kind) {
  switch (kind) {
    case TaskKind::binary:
      return "f1";
    case TaskKind::multiclass:
      return "macro_f1";
    case TaskKind::multilabel:
      return "auc";
    case TaskKind::regression:
      break;
  }
  return "rmse";
}

double score(const Task& task, std::string_view metric, std::span<const std::size_t> rows,
             std::span<const float> logits, std::size_t stride, std::size_t first_column) {
  check_metric(task.name, task.kind, metric);
  const MetricInfo& row = metric_info(metric);
  if (task.kind == TaskKind::multilabel) {
    std::vector<double> columns;
    for (std::size_t c = 0; c < task.columns; ++c)
      columns.push_back(value_of(row, gather(task, rows, logits, stride, first_column + c, c, 1), 1));
    return mean_of_defined(columns);
  }
  const auto width = static_cast<std::size_t>(task.outputs());
  return value_of(row, gather(task, rows, logits, stride, first_column, 0, width), width);
}

std::vector<std::string> choose_metrics(std::string_view task, TaskKind kind, const std::string& metric,
                                        const std::vector<std::string>& metrics) {
  std::vector<std::string> all = metrics;
  if (all.empty()) all.push_back(metric.empty() ? std::string(default_metric(kind)) : metric);
  for (const std::string& one : all) {
    check_metric(task, kind, one);
    if (std::count(all.begin(), all.end(), one) > 1)
      throw usage_error("task." + std::string(task) + ".metrics: '" + one + "' is listed twice");
  }
  if (!metric.empty() && metric != all.front())
    throw usage_error("task." + std::string(task) + ".metric: expected the first of its metrics, " +
                      all.front() + ", found '" + metric + "'; leave one of the two keys out");
  return all;
}

std::vector<std::string> metrics_of(const TaskSpec& task) {
  return task.metrics.empty() ? std::vector<std::string>{task.metric} : task.metrics;
}

namespace {

/// visit(the task, its labels, its first column, outputs of all tasks).
template <class Visit>
void for_each_task(const Dataset& data, const ModelSpec& spec, Visit visit) {
  const std::vector<const Task*> tasks = bind_tasks(data, spec);
  const std::vector<std::size_t> columns = task_columns(spec);
  for (std::size_t t = 0; t < tasks.size(); ++t) visit(spec.tasks[t], *tasks[t], columns[t], columns.back());
}

}  // namespace

TaskScores evaluate_all(const Dataset& data, const ModelSpec& spec, std::span<const std::size_t> rows,
                        std::span<const float> logits) {
  TaskScores all;
  for_each_task(data, spec,
                [&](const TaskSpec& wanted, const Task& task, std::size_t column, std::size_t stride) {
                  std::vector<MetricScore>& scores = all.emplace_back();
                  for (const std::string& metric : metrics_of(wanted))
                    scores.push_back({metric, score(task, metric, rows, logits, stride, column)});
                });
  return all;
}

std::vector<double> first_scores(const TaskScores& scores) {
  std::vector<double> values;
  for (const std::vector<MetricScore>& task : scores) values.push_back(task.front().value);
  return values;
}

std::vector<double> evaluate(const Dataset& data, const ModelSpec& spec, std::span<const std::size_t> rows,
                             std::span<const float> logits) {
  std::vector<double> values;
  for_each_task(data, spec,
                [&](const TaskSpec& wanted, const Task& task, std::size_t column, std::size_t stride) {
                  values.push_back(score(task, wanted.metric, rows, logits, stride, column));
                });
  return values;
}

std::vector<std::string> tasks_without_score(const Dataset& data, const ModelSpec& spec,
                                             std::span<const std::size_t> rows) {
  const std::vector<const Task*> tasks = bind_tasks(data, spec);
  std::vector<std::string> found;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const Task& task = *tasks[t];
    const bool several = task.kind == TaskKind::multiclass;
    const MetricInfo& metric = metric_info(spec.tasks[t].metric);
    bool any = false;
    for (std::size_t c = 0; c < task.columns && !any; ++c)
      any = has_score(metric, gather(task, rows, {}, 0, 0, c, 0).labels,
                      several ? static_cast<std::size_t>(task.outputs()) : 1);
    if (!any) found.push_back(spec.tasks[t].name);
  }
  return found;
}

double mean_score(const ModelSpec& spec, std::span<const double> values) {
  std::vector<double> signed_values;
  for (std::size_t t = 0; t < values.size(); ++t)
    if (spec.tasks[t].in_mean)
      signed_values.push_back(metric_info(spec.tasks[t].metric).higher_is_better ? values[t] : -values[t]);
  return mean_of_defined(signed_values);
}

std::optional<double> argmax_accuracy(const Dataset& data, const ModelSpec& spec,
                                      std::span<const std::size_t> rows, std::span<const float> logits) {
  const std::vector<const Task*> tasks = bind_tasks(data, spec);
  if (tasks.size() < 2 || rows.empty()) return std::nullopt;
  for (const Task* task : tasks)
    if (task->kind != TaskKind::binary) return std::nullopt;
  std::size_t right = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::size_t positives = 0, positive = 0;
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      const float label = tasks[t]->labels[rows[i]];
      if (std::isnan(label)) return std::nullopt;
      if (label > 0.5f) {
        ++positives;
        positive = t;
      }
    }
    if (positives != 1) return std::nullopt;
    const std::span<const float> first = logits.subspan(i * tasks.size(), tasks.size());
    right +=
        static_cast<std::size_t>(std::max_element(first.begin(), first.end()) - first.begin()) == positive;
  }
  return static_cast<double>(right) / static_cast<double>(rows.size());
}

}  // namespace qmtl
