// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
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

/// The loss of a task kind: logistic for binary and multilabel tasks, softmax cross-entropy for multiclass,
/// squared error (y - target)^2 for regression, on targets standardised with `scale`. Class weights multiply
/// a sample's loss; means are over labels, not over weights. Throws Error (usage) if the number of class
/// weights does not fit.
std::unique_ptr<TaskLoss> make_loss(const TaskSpec& task, LabelScale scale = {});

}  // namespace qmtl
