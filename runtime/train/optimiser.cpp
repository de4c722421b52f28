// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/optimiser.h"

#include <cmath>

#include "runtime/model/instruction_sets.h"
#include "runtime/model/math.h"

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

struct Adam {
  template <std::size_t>
  [[gnu::always_inline]] static void run(std::size_t n, const double* __restrict gradient,
                                         double* __restrict moment1, double* __restrict moment2,
                                         double* __restrict params, AdamStep step) {
    for (std::size_t i = 0; i < n; ++i) {
      const double g = gradient[i];
      const double m = moment1[i] = step.beta1 * moment1[i] + (1.0 - step.beta1) * g;
      const double v = moment2[i] = step.beta2 * moment2[i] + (1.0 - step.beta2) * g * g;
      const double direction = (m / step.correction1) / (std::sqrt(v / step.correction2) + step.epsilon);
      params[i] -= step.rate * (direction + step.decay * params[i]);
    }
  }
};

void adam(const TrainSpec& train, const ParamInfo& param, double rate, std::span<const double> gradient,
          TrainState& state) {
  const std::int64_t count = state.step + 1;
  const double decay = train.optimiser == OptimiserKind::adamw && param.decay ? train.weight_decay : 0.0;
  const AdamStep step{train.beta1,
                      train.beta2,
                      1.0 - math::power(train.beta1, count),
                      1.0 - math::power(train.beta2, count),
                      train.epsilon,
                      rate,
                      decay};
  const std::size_t first = param.offset;
  run_widest<Adam>(param.size, gradient.data() + first, state.moment1.data() + first,
                   state.moment2.data() + first, state.params.data() + first, step);
}

void momentum(const TrainSpec& train, const ParamInfo& param, double rate, std::span<const double> gradient,
              TrainState& state) {
  for (std::size_t i = param.offset; i < param.offset + param.size; ++i) {
    state.moment1[i] = train.momentum * state.moment1[i] + gradient[i];
    state.params[i] -= rate * state.moment1[i];
  }
}

}  // namespace

double global_norm(const std::vector<ParamInfo>& params, std::span<const double> gradient) {
  double sum = 0.0;
  for (const ParamInfo& param : params)
    for (double g : gradient.subspan(param.offset, param.size)) sum += g * g;
  return std::sqrt(sum);
}

std::vector<double> part_norms(const std::vector<ParamInfo>& params, std::span<const double> gradient) {
  std::vector<double> norms(param_parts, 0.0);
  for (const ParamInfo& param : params)
    for (double g : gradient.subspan(param.offset, param.size))
      norms[static_cast<std::size_t>(param.part)] += g * g;
  for (double& norm : norms) norm = std::sqrt(norm);
  return norms;
}

double optimiser_step(const TrainSpec& train, const std::vector<ParamInfo>& params, double rate,
                      std::span<double> gradient, TrainState& state) {
  const bool adaptive = train.optimiser != OptimiserKind::sgd;
  state.moment1.resize(state.params.size());
  if (adaptive) state.moment2.resize(state.params.size());
  const double norm = global_norm(params, gradient);
  clip(norm, train.clip, gradient);
  for (const ParamInfo& param : params) {
    if (train.optimiser != OptimiserKind::adamw && param.decay && train.weight_decay > 0.0)
      for (std::size_t i = param.offset; i < param.offset + param.size; ++i)
        gradient[i] += train.weight_decay * state.params[i];
    const double own_rate = rate * rate_factor(train, param.part);
    if (adaptive)
      adam(train, param, own_rate, gradient, state);
    else
      momentum(train, param, own_rate, gradient, state);
  }
  ++state.step;
  return norm;
}

}  // namespace qmtl
