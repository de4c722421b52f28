// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/optimiser.h"

#include <cmath>

#include "runtime/base/math.h"
#include "runtime/base/names.h"
#include "runtime/model/instruction_sets.h"
#include "runtime/model/layers/elementwise.h"

namespace qmtl {
namespace {

double rate_factor(const TrainSpec& train, ParamPart part) {
  switch (part) {
    case ParamPart::backbone:
      return train.backbone_rate;
    case ParamPart::shared:
    case ParamPart::blocks:
      return train.circuit_rate;
    case ParamPart::readout:
      return train.head_rate;
    case ParamPart::task_weights:
      break;
  }
  return 1.0;
}

void clip(double norm, double largest, std::span<double> gradient) {
  if (largest <= 0.0 || !(norm > largest)) return;
  const double factor = largest / norm;
  for (double& g : gradient) g *= factor;
}

/// The numbers of one tensor's step of Adam.
struct AdamStep {
  double beta1, beta2, correction1, correction2, epsilon, rate, decay;
};

/// `Corrected`: whether the first moment is still divided by a correction, which soon is 1.
template <bool Corrected>
struct Adam {
  template <std::size_t>
  [[gnu::always_inline]] static void run(std::size_t n, const double* __restrict gradient,
                                         double* __restrict moment1, double* __restrict moment2,
                                         double* __restrict params, AdamStep step) {
    for (std::size_t i = 0; i < n; ++i) {
      const double g = gradient[i];
      const double m = moment1[i] = step.beta1 * moment1[i] + (1.0 - step.beta1) * g;
      const double v = moment2[i] = step.beta2 * moment2[i] + (1.0 - step.beta2) * g * g;
      const double mean = Corrected ? m / step.correction1 : m;
      const double direction = mean / (std::sqrt(v / step.correction2) + step.epsilon);
      params[i] -= step.rate * (direction + step.decay * params[i]);
    }
  }
};

void adam(const TensorStep& step) {
  const TrainSpec& train = step.train;
  const AdamStep numbers{train.beta1,
                         train.beta2,
                         1.0 - math::power(train.beta1, step.count),
                         1.0 - math::power(train.beta2, step.count),
                         train.epsilon,
                         step.rate,
                         step.decay};
  const auto run = [&](auto kernel) {
    run_widest<decltype(kernel)>(step.params.size(), step.gradient.data(), step.moment1.data(),
                                 step.moment2.data(), step.params.data(), numbers);
  };
  numbers.correction1 == 1.0 ? run(Adam<false>()) : run(Adam<true>());
}

void momentum(const TensorStep& step) {
  for (std::size_t i = 0; i < step.params.size(); ++i) {
    step.moment1[i] = step.train.momentum * step.moment1[i] + step.gradient[i];
    step.params[i] -= step.rate * step.moment1[i];
  }
}

constexpr double below_one = 0.999999999;
constexpr NumberKey<TrainSpec> adam_keys[] = {
    {"beta1", &TrainSpec::beta1, {0, below_one}, false, "decay of the mean of gradients"},
    {"beta2", &TrainSpec::beta2, {0, below_one}, false, "decay of the mean of their squares"},
    {"epsilon", &TrainSpec::epsilon, above(0), false, "added to the root of that mean"}};
constexpr NumberKey<TrainSpec> momentum_keys[] = {
    {"momentum", &TrainSpec::momentum, {0, below_one}, false, "decay of the sum of gradients"}};

// A new optimiser is its enumerator (config.h), its function and its row.
constexpr OptimiserInfo table[] = {
    {OptimiserKind::adam, "adam", 2, false, adam, adam_keys},
    {OptimiserKind::adamw, "adamw", 2, true, adam, adam_keys},
    {OptimiserKind::sgd, "sgd", 1, false, momentum, momentum_keys},
};
static_assert(one_row_each(table, &OptimiserInfo::kind));

}  // namespace

std::span<const OptimiserInfo> optimiser_table() { return table; }
const OptimiserInfo& optimiser_info(OptimiserKind kind) { return table[static_cast<std::size_t>(kind)]; }
std::string_view name(OptimiserKind value) { return optimiser_info(value).name; }
OptimiserKind parse_optimiser(std::string_view text) {
  return row_named(optimiser_table(), "optimiser", text).kind;
}

double global_norm(const std::vector<ParamInfo>& params, std::span<const double> gradient) {
  double sum = 0.0;
  for (const ParamInfo& param : params) sum += sum_of_squares(gradient.subspan(param.offset, param.size));
  return std::sqrt(sum);
}

std::vector<double> part_norms(const std::vector<ParamInfo>& params, std::span<const double> gradient) {
  std::vector<double> norms(param_parts, 0.0);
  for (const ParamInfo& param : params)
    norms[static_cast<std::size_t>(param.part)] += sum_of_squares(gradient.subspan(param.offset, param.size));
  for (double& norm : norms) norm = std::sqrt(norm);
  return norms;
}

double optimiser_step(const TrainSpec& train, const std::vector<ParamInfo>& params, double rate,
                      std::span<double> gradient, TrainState& state) {
  const OptimiserInfo& optimiser = optimiser_info(train.optimiser);
  state.moment1.resize(state.params.size());
  if (optimiser.moments > 1) state.moment2.resize(state.params.size());
  const double norm = global_norm(params, gradient);
  clip(norm, train.clip, gradient);
  for (const ParamInfo& param : params) {
    const double decay = param.decay ? train.weight_decay : 0.0;
    if (!optimiser.decoupled_decay && decay > 0.0)
      for (std::size_t i = param.offset; i < param.offset + param.size; ++i)
        gradient[i] += decay * state.params[i];
    const auto own = [&](std::vector<double>& numbers) {
      return std::span<double>(numbers).subspan(param.offset, param.size);
    };
    optimiser.step({train, state.step + 1, rate * rate_factor(train, param.part),
                    optimiser.decoupled_decay ? decay : 0.0, gradient.subspan(param.offset, param.size),
                    own(state.params), own(state.moment1),
                    optimiser.moments > 1 ? own(state.moment2) : std::span<double>()});
  }
  ++state.step;
  return norm;
}

}  // namespace qmtl
