// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/task_weighting.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "runtime/base/error.h"
#include "runtime/base/math.h"
#include "runtime/base/parallel.h"
#include "runtime/base/philox.h"

namespace qmtl {
namespace {

/// A weight of 0 would never come back: a task without a gradient has no norm to compare.
constexpr double smallest_weight = 1e-3;

bool is_shared(TaskWeighting kind, const ParamInfo& param) {
  if (kind == TaskWeighting::gradnorm) return param.name.starts_with("representation.");
  // The gain turns the angles of all tasks, though it learns at the rate of the readout.
  return kind == TaskWeighting::pcgrad &&
         (param.part == ParamPart::backbone || param.part == ParamPart::shared || param.name == "head.gain");
}

std::string key_of(const TrainSpec& train) {
  return "train.task_weighting = \"" + std::string(name(train.task_weighting)) + "\"";
}

/// The product of two tasks' gradients, in eight lanes a piece.
double product(const SharedParams& shared, const double* one, const double* other) {
  double total = 0.0;
  for (const SharedParams::Piece& piece : shared.pieces) {
    const double *a = one + piece.at, *b = other + piece.at;
    std::array<double, 8> lanes{};
    const std::size_t whole = piece.size / lanes.size() * lanes.size();
    for (std::size_t i = 0; i < whole; i += lanes.size())
      for (std::size_t lane = 0; lane < lanes.size(); ++lane) lanes[lane] += a[i + lane] * b[i + lane];
    for (std::size_t i = whole; i < piece.size; ++i) lanes[i - whole] += a[i] * b[i];
    for (std::size_t half = lanes.size() / 2; half > 0; half /= 2)
      for (std::size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
    total += lanes[0];
  }
  return total;
}

/// products[tasks, tasks].
std::vector<double> products_of_pairs(const SharedParams& shared, std::size_t tasks,
                                      std::span<const double> by_task) {
  std::vector<double> products(tasks * tasks);
  run_parallel(tasks, [&](std::size_t i) {
    for (std::size_t j = i; j < tasks; ++j)
      products[i * tasks + j] =
          product(shared, by_task.data() + i * shared.size, by_task.data() + j * shared.size);
  });
  for (std::size_t i = 0; i < tasks; ++i)
    for (std::size_t j = 0; j < i; ++j) products[i * tasks + j] = products[j * tasks + i];
  return products;
}

/// How much of each task's gradient is in the sum of the projected ones.
std::vector<double> projected_shares(std::size_t tasks, std::span<const double> products, std::uint64_t seed,
                                     std::int64_t step) {
  const RandomStream random(seed, Purpose::projection_order);
  std::vector<double> sum(tasks, 0.0), own(tasks);
  for (std::size_t i = 0; i < tasks; ++i) {
    std::fill(own.begin(), own.end(), 0.0);
    own[i] = 1.0;
    for (const std::size_t j :
         random.permutation(tasks, static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(i))) {
      const double square = products[j * tasks + j];
      if (j == i || !(square > 0.0)) continue;
      double along = 0.0;
      for (std::size_t k = 0; k < tasks; ++k) along += own[k] * products[k * tasks + j];
      if (along < 0.0) own[j] -= along / square;
    }
    for (std::size_t k = 0; k < tasks; ++k) sum[k] += own[k];
  }
  return sum;
}

}  // namespace

SharedParams shared_params(TaskWeighting kind, const std::vector<ParamInfo>& params) {
  SharedParams shared;
  for (const ParamInfo& param : params) {
    if (!is_shared(kind, param)) continue;
    shared.pieces.push_back({param.offset, shared.size, param.size});
    shared.size += param.size;
  }
  return shared;
}

SharedParams trained_part(const SharedParams& shared, const std::vector<ParamInfo>& trained) {
  SharedParams part{{}, shared.size};
  for (const SharedParams::Piece& piece : shared.pieces)
    for (const ParamInfo& param : trained) {
      const std::size_t begin = std::max(piece.begin, param.offset);
      const std::size_t end = std::min(piece.begin + piece.size, param.offset + param.size);
      if (begin < end) part.pieces.push_back({begin, piece.at + begin - piece.begin, end - begin});
    }
  return part;
}

void check_task_weighting(const ModelSpec& spec, const TrainSpec& train) {
  if (!weighs_by_gradients(train.task_weighting)) return;
  const std::string key = key_of(train);
  if (spec.learn_task_weights)
    throw usage_error(key +
                      " and train.learn_task_weights = true are two ways to weigh the tasks; leave one "
                      "of them out");
  if (!spec.generations.empty())
    throw usage_error(key +
                      ": a model that took on a task trains that one alone (head.generations), so no "
                      "tasks are left to weigh; leave train.task_weighting out");
  if (spec.tasks.size() < 2)
    throw usage_error(key + " weighs tasks against each other: expected at least 2 tasks, found " +
                      std::to_string(spec.tasks.size()) + "; leave train.task_weighting out");
  if (train.batches == BatchKind::task)
    throw usage_error(key +
                      " compares the tasks' gradients in every step, of which batches of one task "
                      "(train.batches = \"task\") have one; use train.batches = \"mixed\", or "
                      "train.task_weighting = \"uncertainty\"");
  if (train.task_weighting != TaskWeighting::gradnorm) return;
  for (const TaskSpec& task : spec.tasks)
    if (task.weight != 1.0)
      throw usage_error("task." + task.name + ".weight: " + key +
                        " chooses the weights itself: expected 1, found " + std::to_string(task.weight) +
                        "; leave the weight out, or take another weighting");
}

void check_trained_part(const SharedParams& trained, const TrainSpec& train) {
  if (!weighs_by_gradients(train.task_weighting) || !trained.pieces.empty()) return;
  const bool one_layer = train.task_weighting == TaskWeighting::gradnorm;
  throw usage_error("train.frozen: " + key_of(train) +
                    (one_layer ? " looks at gradients of the layer to the representation"
                               : " changes gradients of what the tasks share") +
                    ", all of which is frozen; train " +
                    (one_layer ? "\"representation\"" : "a part of the backbone") +
                    ", or leave train.task_weighting out");
}

void project_gradients(const SharedParams& shared, std::uint64_t seed, std::int64_t step,
                       std::span<const double> by_task, std::span<double> gradient) {
  const std::size_t tasks = by_task.size() / shared.size;
  const std::vector<double> shares =
      projected_shares(tasks, products_of_pairs(shared, tasks, by_task), seed, step);
  for (const SharedParams::Piece& piece : shared.pieces) {
    double* sum = gradient.data() + piece.begin;
    std::fill(sum, sum + piece.size, 0.0);
    for (std::size_t t = 0; t < tasks; ++t) {
      const double* own = by_task.data() + t * shared.size + piece.at;
      for (std::size_t i = 0; i < piece.size; ++i) sum[i] += shares[t] * own[i];
    }
  }
}

std::vector<double> task_norms(const SharedParams& shared, std::span<const double> by_task) {
  std::vector<double> norms(by_task.size() / shared.size);
  for (std::size_t t = 0; t < norms.size(); ++t) {
    const double* own = by_task.data() + t * shared.size;
    norms[t] = std::sqrt(product(shared, own, own));
  }
  return norms;
}

void gradnorm_step(const TrainSpec& train, std::span<const double> norms, std::span<const double> losses,
                   std::span<const double> label_counts, TrainState& state) {
  std::vector<std::size_t> present;
  for (std::size_t t = 0; t < norms.size(); ++t)
    if (label_counts[t] > 0.0) present.push_back(t);
  if (present.empty()) return;
  const auto count = static_cast<double>(present.size());
  std::vector<double>& weights = state.task_weights;
  std::vector<double> ratios(norms.size(), 1.0);
  double mean_ratio = 0.0, mean_norm = 0.0, before = 0.0, after = 0.0;
  for (const std::size_t t : present) {
    const double loss = losses[t] / weights[t];
    double& first = state.first_losses[t];
    if (first < 0.0) first = loss;
    if (first > 0.0) ratios[t] = loss / first;
    mean_ratio += ratios[t] / count;
    mean_norm += norms[t] / count;
    before += weights[t];
  }
  if (!(mean_norm > 0.0)) return;
  for (const std::size_t t : present) {
    const double rate = mean_ratio > 0.0 ? ratios[t] / mean_ratio : 1.0;
    const double target = train.gradnorm_alpha == 0.0 ? 1.0
                          : rate > 0.0                ? math::exp(train.gradnorm_alpha * math::log(rate))
                                                      : 0.0;
    const double norm = norms[t] / mean_norm;
    const double direction = norm > target ? 1.0 : norm < target ? -1.0 : 0.0;
    weights[t] = std::max(smallest_weight, weights[t] - train.gradnorm_rate * direction * norm / weights[t]);
    after += weights[t];
  }
  for (const std::size_t t : present) weights[t] *= before / after;
}

}  // namespace qmtl
