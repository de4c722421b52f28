// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "runtime/base/error.h"
#include "runtime/model/bind_tasks.h"
#include "runtime/model/scores.h"

namespace qmtl {
namespace {

constexpr MetricInfo table[] = {
    {"accuracy", true, true, false},  {"balanced_accuracy", true, true, false},
    {"f1", true, true, false},        {"macro_f1", true, true, false},
    {"mcc", true, true, false},       {"auc", true, true, false},
    {"log_loss", false, true, false}, {"pearson", true, false, true},
    {"spearman", true, false, true},  {"rmse", false, false, true},
    {"mae", false, false, true},      {"r2", true, false, true},
};

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

bool suits(const MetricInfo& metric, TaskKind kind) {
  if (kind == TaskKind::regression) return metric.regression;
  return metric.classification && (metric.name != "f1" || kind != TaskKind::multiclass);
}

/// One column of a task: labels present among the rows and the outputs that go with them.
struct Column {
  std::vector<double> labels;
  std::vector<double> outputs;  ///< [labels, width]
};

Column gather(const Task& task, std::span<const std::size_t> rows, const float* logits, std::size_t stride,
              std::size_t first_column, std::size_t label_column, std::size_t width) {
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

double classification_score(std::string_view metric, const Column& column, std::size_t width) {
  if (has_nan(column.outputs)) return undefined;
  if (metric == "auc") return scores::area(column.labels, column.outputs, width);
  if (metric == "log_loss") return scores::log_loss(column.labels, column.outputs, width);
  const scores::Confusion confusion = scores::confusion(column.labels, column.outputs, width);
  if (metric == "accuracy") return confusion.accuracy();
  if (metric == "balanced_accuracy") return confusion.balanced_accuracy();
  if (metric == "f1") return confusion.f1(1);
  if (metric == "macro_f1") return confusion.macro_f1();
  return confusion.mcc();
}

double regression_score(std::string_view metric, const Column& column) {
  if (has_nan(column.outputs)) return undefined;
  if (metric == "pearson") return scores::pearson(column.labels, column.outputs);
  if (metric == "spearman")
    return scores::pearson(scores::ranks(column.labels), scores::ranks(column.outputs));
  if (metric == "rmse") return std::sqrt(scores::mean_squared_error(column.labels, column.outputs));
  if (metric == "mae") return scores::mean_absolute_error(column.labels, column.outputs);
  return scores::r2(column.labels, column.outputs);
}

double mean_of_defined(std::span<const double> values) {
  double sum = 0.0;
  std::size_t count = 0;
  for (double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  return count == 0 ? undefined : sum / static_cast<double>(count);
}

}  // namespace

std::span<const MetricInfo> metric_table() { return table; }

const MetricInfo& metric_info(std::string_view metric) {
  std::string listed;
  for (const MetricInfo& row : table) {
    if (row.name == metric) return row;
    listed += (listed.empty() ? "" : ", ") + std::string(row.name);
  }
  throw usage_error("unknown metric '" + std::string(metric) + "': expected one of " + listed);
}

void check_metric(std::string_view task, TaskKind kind, std::string_view metric) {
  std::string listed;
  for (const MetricInfo& row : table) {
    if (!suits(row, kind)) continue;
    if (row.name == metric) return;
    listed += (listed.empty() ? "" : ", ") + std::string(row.name);
  }
  throw usage_error("task." + std::string(task) + ".metric: '" + std::string(metric) + "' does not suit a " +
                    std::string(name(kind)) + " task; choose one of " + listed);
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
             const float* logits, std::size_t stride, std::size_t first_column) {
  check_metric(task.name, task.kind, metric);
  if (task.kind == TaskKind::regression)
    return regression_score(metric, gather(task, rows, logits, stride, first_column, 0, 1));
  if (task.kind == TaskKind::multilabel) {
    std::vector<double> columns;
    for (std::size_t c = 0; c < task.columns; ++c)
      columns.push_back(
          classification_score(metric, gather(task, rows, logits, stride, first_column + c, c, 1), 1));
    return mean_of_defined(columns);
  }
  const auto width = static_cast<std::size_t>(task.outputs());
  return classification_score(metric, gather(task, rows, logits, stride, first_column, 0, width), width);
}

std::vector<double> evaluate(const Dataset& data, const ModelSpec& spec, std::span<const std::size_t> rows,
                             const float* logits) {
  const std::vector<const Task*> tasks = bind_tasks(data, spec);
  std::size_t stride = 0;
  for (const TaskSpec& task : spec.tasks) stride += static_cast<std::size_t>(task.outputs);
  std::vector<double> values;
  std::size_t column = 0;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    values.push_back(score(*tasks[t], spec.tasks[t].metric, rows, logits, stride, column));
    column += static_cast<std::size_t>(spec.tasks[t].outputs);
  }
  return values;
}

double mean_score(const ModelSpec& spec, std::span<const double> values) {
  std::vector<double> signed_values;
  for (std::size_t t = 0; t < values.size(); ++t)
    if (spec.tasks[t].in_mean)
      signed_values.push_back(metric_info(spec.tasks[t].metric).higher_is_better ? values[t] : -values[t]);
  return mean_of_defined(signed_values);
}

std::optional<double> argmax_accuracy(const Dataset& data, const ModelSpec& spec,
                                      std::span<const std::size_t> rows, const float* logits) {
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
    const float* first = logits + i * tasks.size();
    right += static_cast<std::size_t>(std::max_element(first, first + tasks.size()) - first) == positive;
  }
  return static_cast<double>(right) / static_cast<double>(rows.size());
}

}  // namespace qmtl
