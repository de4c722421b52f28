// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/loss.h"

#include <array>
#include <cmath>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/math.h"
#include "runtime/base/names.h"
#include "runtime/model/layers/elementwise.h"

namespace qmtl {
namespace {

/// -log of the probability sigmoid(logit) of class 1, or of its complement for class 0, per column.
class Logistic final : public TaskLoss {
 public:
  Logistic(std::size_t columns, double negative, double positive)
      : columns_(columns), negative_(negative), positive_(positive) {}

  double operator()(std::span<const float> labels, std::span<const double> logits,
                    std::span<double> gradient) const override {
    std::array<double, 512> few;
    std::vector<double> many(logits.size() > few.size() ? logits.size() : 0);
    const std::span<double> softplus(many.empty() ? few.data() : many.data(), logits.size());
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

std::unique_ptr<TaskLoss> make_logistic(const TaskSpec& task, LabelScale) {
  const bool weighted = !task.class_weights.empty();
  return std::make_unique<Logistic>(static_cast<std::size_t>(task.outputs),
                                    weighted ? task.class_weights[0] : 1.0,
                                    weighted ? task.class_weights[1] : 1.0);
}
std::unique_ptr<TaskLoss> make_softmax(const TaskSpec& task, LabelScale) {
  return std::make_unique<Softmax>(static_cast<std::size_t>(task.outputs), task.class_weights);
}
std::unique_ptr<TaskLoss> make_squared_error(const TaskSpec&, LabelScale scale) {
  return std::make_unique<SquaredError>(scale);
}

std::size_t no_weights(std::size_t) { return 0; }
std::size_t two_weights(std::size_t) { return 2; }
std::size_t weight_each(std::size_t outputs) { return outputs; }

constexpr TaskKind kinds_of_two_classes[] = {TaskKind::binary, TaskKind::multilabel};
constexpr TaskKind kinds_of_classes[] = {TaskKind::multiclass};
constexpr TaskKind kinds_of_numbers[] = {TaskKind::regression};

// A new loss is its class and its row.
constexpr LossInfo loss_rows[] = {
    {"logistic", kinds_of_two_classes, two_weights, make_logistic},
    {"cross_entropy", kinds_of_classes, weight_each, make_softmax},
    {"squared_error", kinds_of_numbers, no_weights, make_squared_error},
};

constexpr bool loss_suits(const LossInfo& row, TaskKind kind) {
  for (TaskKind own : row.kinds)
    if (own == kind) return true;
  return false;
}
constexpr bool every_kind_has_a_loss() {
  for (std::size_t kind = 0; kind < enumerators<TaskKind>(); ++kind) {
    bool found = false;
    for (const LossInfo& row : loss_rows) found = found || loss_suits(row, static_cast<TaskKind>(kind));
    if (!found) return false;
  }
  return true;
}
static_assert(every_kind_has_a_loss());

}  // namespace

std::span<const LossInfo> loss_table() { return loss_rows; }

const LossInfo& loss_info(const TaskSpec& task) {
  const TaskKind kind = parse_task_kind(task.kind);
  std::vector<std::string> known;
  for (const LossInfo& row : loss_rows) {
    if (!loss_suits(row, kind)) continue;
    if (task.loss.empty() || row.name == task.loss) return row;
    known.emplace_back(row.name);
  }
  throw usage_error("task." + task.name + ".loss: '" + task.loss + "' does not suit a " + task.kind +
                    " task; choose " + one_of(known, task.loss));
}

std::optional<LogisticTasks> LogisticTasks::of(std::span<const TaskSpec> tasks) {
  LogisticTasks all;
  for (const TaskSpec& task : tasks) {
    if (loss_info(task).make != make_logistic || task.outputs != 1) return std::nullopt;
    const bool weighted = !task.class_weights.empty();
    all.negative_.push_back(weighted ? task.class_weights[0] : 1.0);
    all.positive_.push_back(weighted ? task.class_weights[1] : 1.0);
  }
  return all;
}

void LogisticTasks::operator()(std::span<const float> labels, std::span<const double> logits,
                               std::span<double> gradient, std::span<double> sums) const {
  std::array<double, 512> few;
  std::vector<double> many(logits.size() > few.size() ? logits.size() : 0);
  const std::span<double> losses(many.empty() ? few.data() : many.data(), logits.size());
  softplus_and_sigmoid_each(logits, losses, gradient);
  logistic_each(size(), labels, logits, negative_, positive_, losses, gradient);
  std::fill(sums.begin(), sums.end(), 0.0);
  for (std::size_t first = 0; first < logits.size(); first += size())
    for (std::size_t t = 0; t < size(); ++t) sums[t] += losses[first + t];
}

std::unique_ptr<TaskLoss> make_loss(const TaskSpec& task, LabelScale scale) {
  const LossInfo& row = loss_info(task);
  check_class_weights(task, row.class_weights(static_cast<std::size_t>(task.outputs)));
  return row.make(task, scale);
}

}  // namespace qmtl
