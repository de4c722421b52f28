// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/baseline.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/base/math.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/metrics.h"

namespace qmtl {
namespace {

using Answer = std::vector<float>;
using Labels = std::vector<double>;

/// Labels of one column among the rows.
Labels present_labels(const Task& task, std::span<const std::size_t> rows) {
  Labels labels;
  for (std::size_t row : rows)
    if (const float label = task.labels[row]; !std::isnan(label)) labels.push_back(label);
  return labels;
}

/// Logits that the shares of the classes are.
Answer shares(const Labels& labels, std::size_t width) {
  Labels counts(std::max<std::size_t>(width, 2), 0.0);
  for (double label : labels) counts[static_cast<std::size_t>(label)] += 1.0;
  for (double& count : counts) count = std::max(count, 0.5);
  if (width == 1) return {static_cast<float>(math::log(counts[1]) - math::log(counts[0]))};
  Answer logits;
  const double total = static_cast<double>(labels.size());
  for (double count : counts) logits.push_back(static_cast<float>(math::log(count / total)));
  return logits;
}

std::vector<Answer> of_two_classes(const Labels& labels, std::size_t width) {
  return {shares(labels, width), {-1.0f}, {1.0f}};
}
std::vector<Answer> of_classes(const Labels& labels, std::size_t width) { return {shares(labels, width)}; }

std::vector<Answer> of_numbers(const Labels& labels, std::size_t) {
  double sum = 0.0;
  for (double label : labels) sum += label;
  Labels sorted = labels;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t half = sorted.size() / 2;
  const double median = sorted.size() % 2 ? sorted[half] : 0.5 * (sorted[half - 1] + sorted[half]);
  return {{static_cast<float>(sum / static_cast<double>(labels.size()))}, {static_cast<float>(median)}};
}

/// What is tried for a column of a kind; a multilabel task's columns are binary.
struct Candidates {
  TaskKind kind;
  std::vector<Answer> (*of)(const Labels& labels, std::size_t width);
};
constexpr Candidates candidates[] = {{TaskKind::binary, of_two_classes},
                                     {TaskKind::multiclass, of_classes},
                                     {TaskKind::regression, of_numbers}};

/// A column of a multilabel task as a binary task.
Task column_of(const Task& task, std::size_t column) {
  Task one;
  one.name = task.name;
  one.kind = TaskKind::binary;
  for (std::size_t i = column; i < task.labels.size(); i += task.columns)
    one.labels.push_back(task.labels[i]);
  return one;
}

Answer best(const Task& task, std::string_view metric, std::span<const std::size_t> rows,
            std::vector<Answer> tried) {
  if (tried.size() == 1) return tried.front();
  const MetricInfo& info = metric_info(metric);
  Answer chosen;
  double most = std::numeric_limits<double>::quiet_NaN();
  for (Answer& answer : tried) {
    const double value = score_constant(task, metric, rows, answer);
    if (!chosen.empty() && !info.better(value, most)) continue;
    most = value;
    chosen = std::move(answer);
  }
  return chosen;
}

}  // namespace

std::vector<float> constant_answer(const Task& task, std::string_view metric,
                                   std::span<const std::size_t> rows) {
  if (task.kind == TaskKind::multilabel) {
    Answer all;
    for (std::size_t c = 0; c < task.columns; ++c) {
      const Answer one = constant_answer(column_of(task, c), metric, rows);
      // A column that is never labelled leaves the others' scores as they are.
      all.push_back(one.empty() ? 0.0f : one.front());
    }
    return all;
  }
  const Labels labels = present_labels(task, rows);
  if (labels.empty()) return {};
  const auto row = std::find_if(std::begin(candidates), std::end(candidates),
                                [&](const Candidates& one) { return one.kind == task.kind; });
  return best(task, metric, rows, row->of(labels, static_cast<std::size_t>(task.outputs())));
}

double score_constant(const Task& task, std::string_view metric, std::span<const std::size_t> rows,
                      std::span<const float> answer) {
  if (answer.empty()) return std::numeric_limits<double>::quiet_NaN();
  return score(task, metric, rows, answer, 0, 0);  // a stride of 0: the same logits for every row
}

std::optional<double> constant_argmax_accuracy(const Dataset& learnt,
                                               std::span<const std::size_t> learnt_rows, const Dataset& data,
                                               std::span<const std::size_t> rows, const ModelSpec& spec) {
  const std::vector<const Task*> tasks = bind_tasks(learnt, spec);
  Answer logits;
  for (const Task* task : tasks) {
    if (task->kind != TaskKind::binary) return std::nullopt;
    const Labels labels = present_labels(*task, learnt_rows);
    if (labels.empty()) return std::nullopt;
    logits.push_back(shares(labels, 1).front());
  }
  Answer all;
  for (std::size_t i = 0; i < rows.size(); ++i) all.insert(all.end(), logits.begin(), logits.end());
  return argmax_accuracy(data, spec, rows, all);
}

}  // namespace qmtl
