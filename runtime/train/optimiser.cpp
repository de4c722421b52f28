#include "runtime/train/optimiser.h"

#include <cmath>

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

void adam(const TrainSpec& train, const ParamInfo& param, double rate, std::span<const double> gradient,
          TrainState& state) {
  const std::int64_t count = state.step + 1;
  const double correction1 = 1.0 - math::power(train.beta1, count);
  const double correction2 = 1.0 - math::power(train.beta2, count);
  const double decay = train.optimiser == OptimiserKind::adamw && param.decay ? train.weight_decay : 0.0;
  for (std::size_t i = param.offset; i < param.offset + param.size; ++i) {
    double& m = state.moment1[i];
    double& v = state.moment2[i];
    const double g = gradient[i];
    m = train.beta1 * m + (1.0 - train.beta1) * g;
    v = train.beta2 * v + (1.0 - train.beta2) * g * g;
    const double direction = (m / correction1) / (std::sqrt(v / correction2) + train.epsilon);
    state.params[i] -= rate * (direction + decay * state.params[i]);
  }
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
