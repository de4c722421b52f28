// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/model/data.h"
#include "runtime/model/metric_score.h"
#include "runtime/model/spec.h"

namespace qmtl {

namespace scores {
struct Confusion;
}

/// One metric: its name in configurations, how it is judged and how it is computed.
struct MetricInfo {
  std::string_view name;
  bool higher_is_better;
  std::span<const TaskKind> kinds;  ///< of tasks that it is defined for
  /// From labels without gaps and outputs[labels, width] without NaN; width is 1, or the classes of a
  /// multiclass task. NaN where it is undefined.
  double (*value)(std::span<const double> labels, std::span<const double> outputs, std::size_t width);
  /// The same from the counts of decisions; null where it takes more than these.
  double (*decided)(const scores::Confusion& counts) = nullptr;

  bool suits(TaskKind kind) const;
  bool better(double a, double b) const { return higher_is_better ? a > b : a < b; }  ///< false for NaN
};

/// All metrics: accuracy, balanced_accuracy, f1 (of class 1), macro_f1 (mean over the classes that occur
/// among labels or predictions), mcc, auc (ties count half), log_loss; pearson, spearman, rmse, mae, r2.
/// Definitions follow scikit-learn and scipy. auc of a multiclass task is the mean of its one-vs-rest areas;
/// log_loss of probabilities.
std::span<const MetricInfo> metric_table();
/// Throws Error (usage) listing the metrics.
const MetricInfo& metric_info(std::string_view metric);
/// Throws Error (usage) naming the task, its kind and the metrics it could have.
void check_metric(std::string_view task, TaskKind kind, std::string_view metric);
std::string_view default_metric(TaskKind kind);

/// All metrics of a task of which is said `metric`, or `metrics`, or both, or nothing: the first decides
/// about the best epoch. Throws Error (usage) where one does not suit, stands there twice, or `metric` is not
/// the first of `metrics`.
std::vector<std::string> choose_metrics(std::string_view task, TaskKind kind, const std::string& metric,
                                        const std::vector<std::string>& metrics);
/// All metrics of a task.
std::vector<std::string> metrics_of(const TaskSpec& task);

/// Score of one task over the data-set rows `rows`. logits[i * stride + first_column ...] are the outputs for
/// rows[i]; regression values are in the unit of the labels. Missing labels (NaN) are left out; multilabel
/// tasks score the mean over their columns where defined. Whether a score is defined depends on the labels
/// alone, so that the same tasks count in every epoch's mean: NaN where no prediction has one (no labels,
/// none of class 1 for f1, a single class for auc and mcc, equal numbers for correlations), 0 where only
/// these predictions have none (a correlation with a constant), NaN for NaN among the logits.
double score(const Task& task, std::string_view metric, std::span<const std::size_t> rows,
             std::span<const float> logits, std::size_t stride, std::size_t first_column);

/// Every metric of each task, in task order, from logits[rows, all outputs].
TaskScores evaluate_all(const Dataset& data, const ModelSpec& spec, std::span<const std::size_t> rows,
                        std::span<const float> logits);
/// The first metric of each task (TaskSpec::metric), of every one or alone.
std::vector<double> first_scores(const TaskScores& scores);
std::vector<double> evaluate(const Dataset& data, const ModelSpec& spec, std::span<const std::size_t> rows,
                             std::span<const float> logits);

/// The tasks of `spec` whose metric is undefined for the rows, whatever is predicted.
std::vector<std::string> tasks_without_score(const Dataset& data, const ModelSpec& spec,
                                             std::span<const std::size_t> rows);

/// The score that chooses the best epoch: mean of the defined scores of the tasks that count in it
/// (TaskSpec::in_mean), those where lower is better negated.
/// NaN if none is defined.
double mean_score(const ModelSpec& spec, std::span<const double> scores);

/// When all tasks are binary and every row has exactly one positive label (one-vs-rest): how often the
/// largest logit is that task's. Otherwise nothing.
std::optional<double> argmax_accuracy(const Dataset& data, const ModelSpec& spec,
                                      std::span<const std::size_t> rows, std::span<const float> logits);

}  // namespace qmtl
