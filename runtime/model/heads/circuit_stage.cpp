// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/heads/circuit_stage.h"

#include <algorithm>
#include <cmath>

#include "runtime/model/heads/angle_map.h"
#include "runtime/model/heads/circuit_start.h"
#include "runtime/model/layers/elementwise.h"

namespace qmtl {

template <class Real>
void CircuitStage<Real>::Part::bind(std::span<const double> params) {
  if (!engine) return;
  std::vector<double> own;
  for (int index : cone.params) own.push_back(params[static_cast<std::size_t>(index)]);
  engine->bind(own);
}

template <class Real>
CircuitStage<Real>::CircuitStage(const AnsatzSpec& ansatz, const HeadSetup& setup,
                                 const std::vector<BlockRange>& groups,
                                 const std::vector<BlockRange>& generations)
    : head_(setup.spec.head),
      gemm_rate_(setup.spec.cost.gemm),
      shots_(setup.shots),
      second_moments_(plan_options(setup.spec, setup.shots).second_moments),
      ansatz_(ansatz),
      circuit_(build(ansatz)),
      layout_(qmtl::layout(ansatz)) {
  outputs_ = static_cast<std::size_t>(circuit_.outputs());
  for (const BlockRange& generation : generations) generations_.push_back(make_part(generation, setup));
  if (generations.empty()) generations_.push_back(make_part(whole(circuit_), 0, setup));
  for (const BlockRange& group : groups) {
    groups_.push_back(group.first < group.last ? make_part(group, setup) : Part{});
    if (groups_.back().engine) groups_.back().engine->set_second_moments(second_moments_);
  }
}

template <class Real>
typename CircuitStage<Real>::Part CircuitStage<Real>::make_part(BlockRange blocks,
                                                                const HeadSetup& setup) const {
  std::size_t first = 0;
  for (std::size_t b = 0; b < blocks.first; ++b) first += circuit_.blocks[b].outputs.size();
  return make_part(restrict_blocks(circuit_, static_cast<int>(blocks.first), static_cast<int>(blocks.last)),
                   first, setup);
}

template <class Real>
typename CircuitStage<Real>::Part CircuitStage<Real>::make_part(Cone cone, std::size_t first,
                                                                const HeadSetup& setup) const {
  Part part;
  part.engine = std::make_unique<Engine<Real>>(
      make_plan(cone.circuit, parse_plan_kind(setup.spec.plan), plan_options(setup.spec, setup.shots)),
      setup.target);
  part.outputs = cone.outputs.size();
  part.cone = std::move(cone);
  part.first_output = first;
  return part;
}

template <class Real>
void CircuitStage<Real>::append_params(std::vector<ParamInfo>& params) const {
  const auto shared = static_cast<std::size_t>(layout_.shared);
  const auto weights = static_cast<std::size_t>(layout_.weights_begin),
             total = static_cast<std::size_t>(layout_.total);
  if (shared > 0) append_param(params, "head.shared", {shared}, ParamPart::shared, false);
  if (weights > shared) append_param(params, "head.block", {weights - shared}, ParamPart::blocks, false);
  if (total > weights) append_param(params, "head.readout", {total - weights}, true, true);
}

template <class Real>
void CircuitStage<Real>::initial(const InitialValues& random, std::uint32_t tensor,
                                 std::span<double> values) const {
  start_circuit(head_, ansatz_, circuit_, random, tensor, values);
}

template <class Real>
void CircuitStage<Real>::bind(std::span<const double> params, double gain) {
  params_.assign(params.begin(), params.end());
  gain_ = gain;
  for (Part& part : generations_) part.bind(params);
  for (Part& part : groups_) part.bind(params);
}

template <class Real>
std::vector<double> CircuitStage<Real>::angles(const Matrix<Real>& z) const {
  // Every generation has the whole shared stage and so all angles.
  const Matrix<Real> encoded = encode(z, generations_.front()).angles;
  return {encoded.data(), encoded.data() + encoded.size()};
}

template <class Real>
std::vector<double> CircuitStage<Real>::values(const Matrix<Real>& z) const {
  const auto rows = static_cast<std::size_t>(z.rows());
  std::vector<double> all(rows * outputs_);
  for (const Part& used : generations_) {
    const Matrix<Real> angles = encode(z, used).angles;
    std::vector<Real> values(rows * used.outputs);
    used.engine->forward(rows, angles.data(), values.data());
    for (std::size_t i = 0; i < rows; ++i)
      std::copy_n(values.data() + i * used.outputs, used.outputs,
                  all.data() + i * outputs_ + used.first_output);
  }
  return all;
}

template <class Real>
void CircuitStage<Real>::gradient(const Pass& pass, std::size_t group, const Matrix<Real>& z,
                                  const Readout& readout, Matrix<Real>& dz, std::span<double> gradient,
                                  double* gain_gradient) const {
  const Part& used = part(group);
  const auto rows = static_cast<std::size_t>(z.rows());
  const auto stride = static_cast<std::size_t>(used.engine->values());
  const auto [angles, slopes] = encode(z, used);
  std::vector<Real> values(rows * stride);
  Matrix<Real> angle_gradients(z.rows(), static_cast<Eigen::Index>(used.angles()));
  std::vector<double> circuit_gradient(used.cone.params.size(), 0.0);
  std::vector<double> expectations, given;
  const auto at_readout = [&](std::size_t first, std::size_t count, const Real* tile, Real* tile_cotangents) {
    expectations.resize(count * used.outputs);
    given.resize(count * used.outputs);
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t o = 0; o < used.outputs; ++o) {
        double& e = expectations[i * used.outputs + o];
        e = static_cast<double>(tile[i * stride + o]);
        if (shots_ == 0) continue;
        // A single Z is +1 or -1 in every shot, so its square needs no engine.
        const double square =
            second_moments_ ? static_cast<double>(tile[i * stride + used.outputs + o]) : 1.0;
        e += shot_noise(pass, used.first_output + o, pass.samples[first + i], e, square);
      }
    readout(first, count, expectations.data(), given.data());
    std::fill(tile_cotangents, tile_cotangents + count * stride, Real(0));
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t o = 0; o < used.outputs; ++o)
        tile_cotangents[i * stride + o] = static_cast<Real>(given[i * used.outputs + o]);
  };
  used.engine->vjp(rows, angles.data(), at_readout, values.data(), angle_gradients.data(),
                   circuit_gradient.data());
  for (std::size_t i = 0; i < circuit_gradient.size(); ++i)
    gradient[static_cast<std::size_t>(used.cone.params[i])] += circuit_gradient[i];
  decode(z, slopes, angle_gradients, used, dz, gain_gradient);
}

template <class Real>
double CircuitStage<Real>::group_cost(std::size_t group) const {
  // The time as if it were operations of a dense layer, which is what the other heads count.
  return part(group).engine->plan().cost.seconds * gemm_rate_;
}

template <class Real>
typename CircuitStage<Real>::Encoding CircuitStage<Real>::encode(const Matrix<Real>& z,
                                                                 const Part& used) const {
  const auto columns = static_cast<Eigen::Index>(used.angles());
  Encoding result{Matrix<Real>(z.rows(), columns), Matrix<Real>(z.rows(), columns)};
  std::vector<double> inputs;
  inputs.reserve(static_cast<std::size_t>(result.angles.size()));
  for (Eigen::Index i = 0; i < z.rows(); ++i)
    for (const int column : used.cone.angles) inputs.push_back(gain_ * static_cast<double>(z(i, column)));
  if (uses_tanh(head_.angle_map)) tanh_each(inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Angle angle = angle_of(head_.angle_map, inputs[i]);
    result.angles.data()[i] = static_cast<Real>(angle.value);
    result.slopes.data()[i] = static_cast<Real>(angle.slope);
  }
  return result;
}

template <class Real>
void CircuitStage<Real>::decode(const Matrix<Real>& z, const Matrix<Real>& slopes,
                                const Matrix<Real>& angle_gradients, const Part& used, Matrix<Real>& dz,
                                double* gain_gradient) const {
  dz.setZero(z.rows(), z.cols());
  double through_angles = 0.0;
  for (Eigen::Index i = 0; i < z.rows(); ++i)
    for (Eigen::Index a = 0; a < slopes.cols(); ++a) {
      const int column = used.cone.angles[static_cast<std::size_t>(a)];
      const double g = static_cast<double>(angle_gradients(i, a)) * static_cast<double>(slopes(i, a));
      dz(i, column) = static_cast<Real>(g * gain_);
      through_angles += g * static_cast<double>(z(i, column));
    }
  if (gain_gradient) *gain_gradient += through_angles;
}

/// The error of a mean over `shots` measurements, as a normal of the readout's variance.
template <class Real>
double CircuitStage<Real>::shot_noise(const Pass& pass, std::size_t output, std::size_t sample, double mean,
                                      double square) const {
  const double variance = std::max(square - mean * mean, 0.0);
  const Position at{static_cast<std::uint32_t>(pass.step), static_cast<std::uint32_t>(output),
                    static_cast<std::uint32_t>(sample), 0};
  return RandomStream(pass.seed, Purpose::shot_noise).normal(at) * std::sqrt(variance / shots_);
}

template class CircuitStage<float>;
template class CircuitStage<double>;

}  // namespace qmtl
