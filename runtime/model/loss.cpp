// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/loss.h"

#include <cmath>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/model/elementwise.h"
#include "runtime/base/math.h"

namespace qmtl {
namespace {

/// -log of the probability sigmoid(logit) of class 1, or of its complement for class 0, per column.
class Logistic final : public TaskLoss {
 public:
  Logistic(std::size_t columns, double negative, double positive)
      : columns_(columns), negative_(negative), positive_(positive) {}

  double operator()(std::span<const float> labels, std::span<const double> logits,
                    std::span<double> gradient) const override {
    std::vector<double> softplus(logits.size());
    softplus_and_sigmoid_each(logits, softplus, gradient);
    double total = 0.0;
    for (std::size_t first = 0; first < labels.size(); first += columns_) {
      double sum = 0.0;
      for (std::size_t i = first; i < first + columns_; ++i) {
        const double sigmoid = std::exchange(gradient[i], 0.0);
        if (std::isnan(labels[i])) continue;
        const double y = labels[i] > 0.5f ? 1.0 : 0.0;
        const double weight = y > 0.5 ? positive_ : negative_;
        sum += weight * (softplus[i] - y * logits[i]);
        gradient[i] = weight * (sigmoid - y);
      }
      total += sum;
    }
    return total;
  }

 private:
  std::size_t columns_;
  double negative_, positive_;
};

class Softmax final : public TaskLoss {
 public:
  Softmax(std::size_t classes, std::vector<double> weights)
      : classes_(classes), weights_(std::move(weights)) {
    if (weights_.empty()) weights_.assign(classes_, 1.0);
  }

  double operator()(std::span<const float> labels, std::span<const double> logits,
                    std::span<double> gradient) const override {
    double sum = 0.0;
    for (std::size_t i = 0; i < labels.size(); ++i)
      sum += of_sample(labels[i], logits.data() + i * classes_, gradient.data() + i * classes_);
    return sum;
  }

 private:
  double of_sample(float class_label, const double* logits, double* gradient) const {
    std::fill(gradient, gradient + classes_, 0.0);
    if (std::isnan(class_label)) return 0.0;
    const auto label = static_cast<std::size_t>(class_label);
    double largest = logits[0];
    for (std::size_t c = 1; c < classes_; ++c) largest = std::max(largest, logits[c]);
    double total = 0.0;
    for (std::size_t c = 0; c < classes_; ++c) total += gradient[c] = math::exp(logits[c] - largest);
    const double weight = weights_[label];
    for (std::size_t c = 0; c < classes_; ++c)
      gradient[c] = weight * (gradient[c] / total - (c == label ? 1.0 : 0.0));
    return weight * (math::log(total) - (logits[label] - largest));
  }

  std::size_t classes_;
  std::vector<double> weights_;
};

class SquaredError final : public TaskLoss {
 public:
  explicit SquaredError(LabelScale scale) : scale_(scale) {}

  double operator()(std::span<const float> labels, std::span<const double> logits,
                    std::span<double> gradient) const override {
    double sum = 0.0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      gradient[i] = 0.0;
      if (std::isnan(labels[i])) continue;
      const double target = (static_cast<double>(labels[i]) - scale_.mean) / scale_.deviation;
      const double difference = logits[i] - target;
      gradient[i] = 2.0 * difference;
      sum += difference * difference;
    }
    return sum;
  }

 private:
  LabelScale scale_;
};

void check_class_weights(const TaskSpec& task, std::size_t expected) {
  if (!task.class_weights.empty() && task.class_weights.size() != expected)
    throw usage_error("task." + task.name + ".class_weights: expected " + std::to_string(expected) +
                      " numbers for kind " + task.kind + ", found " +
                      std::to_string(task.class_weights.size()));
  for (double weight : task.class_weights)
    if (!(weight >= 0.0) || std::isinf(weight))
      throw usage_error("task." + task.name + ".class_weights: expected finite numbers >= 0, found " +
                        std::to_string(weight));
}

}  // namespace

std::unique_ptr<TaskLoss> make_loss(const TaskSpec& task, LabelScale scale) {
  const auto outputs = static_cast<std::size_t>(task.outputs);
  switch (parse_task_kind(task.kind)) {
    case TaskKind::binary:
    case TaskKind::multilabel: {
      check_class_weights(task, 2);
      const bool weighted = !task.class_weights.empty();
      return std::make_unique<Logistic>(outputs, weighted ? task.class_weights[0] : 1.0,
                                        weighted ? task.class_weights[1] : 1.0);
    }
    case TaskKind::multiclass:
      check_class_weights(task, outputs);
      return std::make_unique<Softmax>(outputs, task.class_weights);
    case TaskKind::regression:
      check_class_weights(task, 0);
      return std::make_unique<SquaredError>(scale);
  }
  throw usage_error("task." + task.name + ".kind: unknown kind " + task.kind);
}

}  // namespace qmtl
