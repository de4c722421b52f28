// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/model/data.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// Mean and deviation of a regression task's training labels; the model learns standardised targets.
struct LabelScale {
  double mean = 0.0, deviation = 1.0;
};

/// Loss of logits for one task.
class TaskLoss {
 public:
  virtual ~TaskLoss() = default;
  /// Returns the loss summed over the present labels of all samples, sample by sample, and writes d loss /
  /// d logit to `gradient`, zero where a label is missing. Row-major: labels[samples, columns of the task],
  /// logits and gradient[samples, outputs of the task].
  virtual double operator()(std::span<const float> labels, std::span<const double> logits,
                            std::span<double> gradient) const = 0;
};

/// One loss: its name in configurations and the object that computes it.
struct LossInfo {
  std::string_view name;
  std::span<const TaskKind> kinds;  ///< of tasks that it suits
  /// How many class weights it takes for so many outputs.
  std::size_t (*class_weights)(std::size_t outputs);
  std::unique_ptr<TaskLoss> (*make)(const TaskSpec& task, LabelScale scale);
};

/// All losses: logistic (binary and multilabel tasks), cross_entropy of the softmax (multiclass),
/// squared_error (y - target)^2 (regression), on targets standardised with the scale. A kind's first row is
/// its default.
std::span<const LossInfo> loss_table();
/// The task's loss, TaskSpec::loss, or its kind's default. Throws Error (usage) naming the losses that it
/// could have.
const LossInfo& loss_info(const TaskSpec& task);

/// The losses of several tasks with the logistic loss and one output each, side by side.
class LogisticTasks {
 public:
  /// Nothing unless all tasks are of that kind.
  static std::optional<LogisticTasks> of(std::span<const TaskSpec> tasks);
  std::size_t size() const { return negative_.size(); }
  /// What each task's loss says of its column: labels, logits and gradient [samples, size()], and the sums
  /// over the samples, in their order, to sums[size()].
  void operator()(std::span<const float> labels, std::span<const double> logits, std::span<double> gradient,
                  std::span<double> sums) const;

 private:
  std::vector<double> negative_, positive_;  ///< class weights
};

/// That loss. Class weights multiply a sample's loss; means are over labels, not over weights. Throws Error
/// (usage) if the number of class weights does not fit.
std::unique_ptr<TaskLoss> make_loss(const TaskSpec& task, LabelScale scale = {});

}  // namespace qmtl
