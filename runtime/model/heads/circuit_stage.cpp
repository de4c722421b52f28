// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/heads/circuit_stage.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "runtime/model/heads/angle_map.h"
#include "runtime/model/heads/circuit_start.h"
#include "runtime/model/layers/elementwise.h"

namespace qmtl {
namespace {

/// Of a sample, by the functions that a circuit's angles are.
std::vector<std::size_t> read_inputs(const Circuit& circuit) {
  std::set<std::size_t> read;
  for (const Expression& angle : circuit.angle_of)
    for (const Monomial& term : angle.terms)
      for (int input : term.inputs)
        if (input < circuit.sample_inputs()) read.insert(static_cast<std::size_t>(input));
  return {read.begin(), read.end()};
}

}  // namespace

template <class Real>
void CircuitStage<Real>::Part::bind(std::span<const double> params) {
  if (!engine) return;
  std::vector<double> own;
  for (int index : cone.params) own.push_back(params[static_cast<std::size_t>(index)]);
  engine->bind(own);
  if (device) device->bind(own);
  if (training && training != device) training->bind(own);
}

template <class Real>
CircuitStage<Real>::CircuitStage(const AnsatzSpec& ansatz, const StageSetup& setup,
                                 const std::vector<BlockRange>& groups,
                                 const std::vector<BlockRange>& generations)
    : head_(setup.head),
      gemm_rate_(setup.options.model.gemm),
      shots_(setup.shots),
      second_moments_(setup.options.second_moments),
      ansatz_(ansatz),
      options_(setup.options),
      target_(setup.target) {
  Assembly assembly = assemble(ansatz);
  circuit_ = std::move(assembly.circuit);
  layout_ = std::move(assembly.layout);
  first_block_ = std::move(assembly.first_block);
  output_sums_ = std::move(assembly.outputs);
  outputs_ = static_cast<std::size_t>(circuit_.outputs());
  mapped_ = read_inputs(circuit_);
  for (const BlockRange& generation : generations) generations_.push_back(make_part(generation, setup));
  if (generations.empty()) generations_.push_back(make_part(whole(circuit_), 0, setup));
  for (const BlockRange& group : groups) {
    groups_.push_back(group.first < group.last ? make_part(group, setup) : Part{});
    if (groups_.back().engine) groups_.back().engine->set_second_moments(second_moments_);
  }
}

template <class Real>
void CircuitStage<Real>::train_on(const TrainingDevice& device, double strength) {
  const auto prepare = [&](Part& part, bool trains, bool predicts) {
    if (!part.engine) return;
    PlanOptions options = options_;
    options.second_moments = trains && !groups_.empty() && second_moments_;
    const auto make = [&](double part_strength) {
      auto engine =
          std::make_shared<Engine<Real>>(device(part.cone.circuit, options, part_strength), target_);
      engine->set_second_moments(options.second_moments);
      return engine;
    };
    if (predicts && !part.device) part.device = make(1.0);
    if (trains) part.training = strength == 1.0 && part.device ? part.device : make(strength);
  };
  for (Part& part : generations_) prepare(part, groups_.empty(), true);
  for (Part& part : groups_) prepare(part, true, false);
}

template <class Real>
typename CircuitStage<Real>::Part CircuitStage<Real>::make_part(BlockRange blocks,
                                                                const StageSetup& setup) const {
  const int begin = first_block_[blocks.first], end = first_block_[blocks.last];
  const int first = output_begin(circuit_)[static_cast<std::size_t>(begin)];
  return make_part(restrict_blocks(circuit_, begin, end), static_cast<std::size_t>(first), setup);
}

template <class Real>
typename CircuitStage<Real>::Part CircuitStage<Real>::make_part(Cone cone, std::size_t first,
                                                                const StageSetup& setup) const {
  Part part;
  part.engine = std::make_unique<Engine<Real>>(
      make_plan(cone.circuit, parse_plan_kind(setup.plan), setup.options), setup.target);
  part.engine->take_numbers();
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
  start_circuit(head_, ansatz_, circuit_, layout_, random, tensor, values);
}

template <class Real>
void CircuitStage<Real>::bind(std::span<const double> params, double gain) {
  trained_.assign(params.begin(), params.end());
  params_ = bound_params(circuit_, trained_);
  gain_ = gain;
  for (Part& part : generations_) part.bind(params_);
  for (Part& part : groups_) part.bind(params_);
}

template <class Real>
std::vector<double> CircuitStage<Real>::angles(const Matrix<Real>& z) const {
  // Every generation has the whole shared stage and so all angles.
  Memory& memory = memory_.local();
  encode(z, generations_.front(), AngleColumns(static_cast<int>(generations_.front().angles())), memory);
  return {memory.angles.data(), memory.angles.data() + memory.angles.size()};
}

template <class Real>
std::vector<double> CircuitStage<Real>::values(const Matrix<Real>& z) const {
  return values_by(z, {}, [](const Part& part) -> const Engine<Real>& { return *part.engine; });
}

template <class Real>
std::vector<double> CircuitStage<Real>::values_on_device(const Pass& pass, const Matrix<Real>& z) const {
  return values_by(
      z, {pass.seed, pass.step, pass.samples.data()},
      [](const Part& part) -> const Engine<Real>& { return part.device ? *part.device : *part.engine; });
}

template <class Real>
template <class EngineOf>
std::vector<double> CircuitStage<Real>::values_by(const Matrix<Real>& z, const DrawKeys& keys,
                                                  const EngineOf& engine_of) const {
  const auto rows = static_cast<std::size_t>(z.rows());
  std::vector<double> all(rows * outputs_);
  Memory& memory = memory_.local();
  for (const Part& used : generations_) {
    const Engine<Real>& engine = engine_of(used);
    encode(z, used, engine.columns(), memory);
    memory.values.resize(rows * used.outputs);
    engine.forward(rows, memory.angles.data(), memory.values.data(), keys);
    for (std::size_t i = 0; i < rows; ++i)
      std::copy_n(memory.values.data() + i * used.outputs, used.outputs,
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
  const Engine<Real>& engine = used.training && pass.training ? *used.training : *used.engine;
  const auto stride = static_cast<std::size_t>(engine.values());
  Memory& memory = memory_.local();
  encode(z, used, engine.columns(), memory);
  memory.values.resize(rows * stride);
  memory.angle_gradients.resize(z.rows(), static_cast<Eigen::Index>(engine.angles()));
  memory.circuit_gradient.assign(used.cone.params.size(), 0.0);
  std::vector<double>&expectations = memory.expectations, &given = memory.given;
  const auto at_readout = [&](std::size_t first, std::size_t count, const Real* tile, Real* tile_cotangents) {
    expectations.resize(count * used.outputs);
    given.resize(count * used.outputs);
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t o = 0; o < used.outputs; ++o)
        expectations[i * used.outputs + o] = static_cast<double>(tile[i * stride + o]);
    if (shots_ > 0 && pass.training)
      for (std::size_t i = 0; i < count; ++i)
        for (std::size_t o = 0; o < used.outputs; ++o) {
          double& e = expectations[i * used.outputs + o];
          // A single Z is +1 or -1 in every shot, so its square needs no engine.
          const double square =
              second_moments_ ? static_cast<double>(tile[i * stride + used.outputs + o]) : 1.0;
          e += shot_noise(pass, used.first_output + o, pass.samples[first + i], e, square);
        }
    readout(first, count, expectations, given);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t o = 0; o < used.outputs; ++o)
        tile_cotangents[i * stride + o] = static_cast<Real>(given[i * used.outputs + o]);
      std::fill(tile_cotangents + i * stride + used.outputs, tile_cotangents + (i + 1) * stride, Real(0));
    }
  };
  engine.vjp(rows, memory.angles.data(), at_readout, memory.values.data(), memory.angle_gradients.data(),
             memory.circuit_gradient.data(), {pass.seed, pass.step, pass.samples.data()});
  for (std::size_t i = 0; i < used.cone.params.size(); ++i)
    add_trained_gradient(circuit_, used.cone.params[i], memory.circuit_gradient[i], trained_, gradient);
  decode(z, used, engine.columns(), memory, dz, gradient, gain_gradient);
}

template <class Real>
double CircuitStage<Real>::group_cost(std::size_t group) const {
  // The time as if it were operations of a dense layer, which is what the other heads count.
  const Part& used = part(group);
  return (used.training ? *used.training : *used.engine).plan().cost.seconds * gemm_rate_;
}

template <class Real>
bool CircuitStage<Real>::Part::takes_whole(const Matrix<Real>& z) const {
  if (cone.angles.size() != static_cast<std::size_t>(z.cols())) return false;
  for (std::size_t a = 0; a < cone.angles.size(); ++a)
    if (cone.angles[a] != static_cast<int>(a)) return false;
  return true;
}

template <class Real>
void CircuitStage<Real>::encode(const Matrix<Real>& z, const Part& used, const AngleColumns& with,
                                Memory& memory) const {
  if (!circuit_.angle_of.empty()) return encode_functions(z, used, with, memory);
  const auto columns = static_cast<Eigen::Index>(used.angles());
  memory.angles.resize(z.rows(), columns);
  memory.slopes.resize(z.rows(), columns);
  const Real* from = z.data();
  if (!used.takes_whole(z)) {
    memory.picked.resize(z.rows(), columns);
    Real* to = memory.picked.data();
    for (Eigen::Index i = 0; i < z.rows(); ++i)
      for (const int column : used.cone.angles) *to++ = z(i, column);
    from = memory.picked.data();
  }
  const auto count = static_cast<std::size_t>(memory.angles.size());
  if (const auto range = tanh_range(head_.angle_map)) {
    tanh_angles_each(std::span(from, count), gain_, range->middle, range->half_width,
                     values_of(memory.angles), values_of(memory.slopes));
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Angle angle = angle_of(head_.angle_map, gain_ * static_cast<double>(from[i]));
    memory.angles.data()[i] = static_cast<Real>(angle.value);
    memory.slopes.data()[i] = static_cast<Real>(angle.slope);
  }
}

template <class Real>
template <class Each>
void CircuitStage<Real>::for_rotated(const AngleColumns& columns, const Each& each) const {
  for (std::size_t e = 0; e < circuit_.encodings.size(); ++e) {
    const auto& direct = columns.encoded();
    if (std::none_of(direct.begin(), direct.end(),
                     [&](const EncodedColumns& found) { return found.encoding == static_cast<int>(e); }))
      each(circuit_.encodings[e]);
  }
}

template <class Real>
bool CircuitStage<Real>::are_numbers(const AngleColumns& columns) const {
  if (!columns.angles().empty() || columns.encoded().size() != 1) return false;
  const std::vector<int>& of = circuit_.encodings[static_cast<std::size_t>(columns.encoded()[0].encoding)].of;
  for (std::size_t i = 0; i < of.size(); ++i)
    if (of[i] != static_cast<int>(i)) return false;
  return of.size() == width();
}

template <class Real>
void CircuitStage<Real>::encode_functions(const Matrix<Real>& z, const Part& used,
                                          const AngleColumns& columns, Memory& memory) const {
  const std::size_t rows = static_cast<std::size_t>(z.rows()), width = this->width();
  const auto inputs = static_cast<std::size_t>(circuit_.function_inputs());
  if (are_numbers(columns)) {
    memory.angles = z;
    return;
  }
  memory.angles.resize(z.rows(), static_cast<Eigen::Index>(columns.count()));
  memory.slopes.resize(z.rows(), z.cols());
  memory.inputs.resize(rows * inputs);
  for (std::size_t i = 0; i < rows; ++i)
    for (const std::size_t k : mapped_) {
      const std::size_t at = i * width + k;
      const Angle angle = angle_of(head_.angle_map, gain_ * static_cast<double>(z.data()[at]));
      memory.inputs[i * inputs + k] = angle.value;
      memory.slopes.data()[at] = static_cast<Real>(angle.slope);
    }
  bool rotated = false;
  for_rotated(columns, [&](const AmplitudeEncoding&) { rotated = true; });
  if (rotated) memory.sample.assign(z.data(), z.data() + z.size());
  for (std::size_t i = 0; i < rows; ++i)
    for_rotated(columns, [&](const AmplitudeEncoding& encoding) {
      amplitude_angles(encoding, std::span(memory.sample).subspan(i * width, width),
                       std::span(memory.inputs)
                           .subspan(i * inputs + static_cast<std::size_t>(encoding.first),
                                    static_cast<std::size_t>(encoding.rotations())));
    });
  Real* to = memory.angles.data();
  for (std::size_t i = 0; i < rows; ++i) {
    for (const int column : columns.angles()) {
      const int a = used.cone.angles[static_cast<std::size_t>(column)];
      *to++ = static_cast<Real>(value(circuit_.angle_of[static_cast<std::size_t>(a)],
                                      std::span(memory.inputs).subspan(i * inputs, inputs), trained_));
    }
    for (const EncodedColumns& encoded : columns.encoded())
      for (const int number : circuit_.encodings[static_cast<std::size_t>(encoded.encoding)].of)
        *to++ = z(static_cast<Eigen::Index>(i), number);
  }
}

template <class Real>
void CircuitStage<Real>::decode_functions(const Matrix<Real>& z, const Part& used,
                                          const AngleColumns& columns, Memory& memory, Matrix<Real>& dz,
                                          std::span<double> gradient, double* gain_gradient) const {
  if (are_numbers(columns)) {
    dz = memory.angle_gradients;
    return;
  }
  const std::size_t width = this->width();
  const auto inputs = static_cast<std::size_t>(circuit_.function_inputs());
  std::vector<double> of_inputs(inputs), of_sample(width);
  const Real* gradients = memory.angle_gradients.data();
  double through_angles = 0.0;
  dz.resize(z.rows(), z.cols());
  for (Eigen::Index i = 0; i < z.rows(); ++i) {
    std::fill(of_inputs.begin(), of_inputs.end(), 0.0);
    const auto row = std::span(memory.inputs).subspan(static_cast<std::size_t>(i) * inputs, inputs);
    for (const int column : columns.angles()) {
      const int a = used.cone.angles[static_cast<std::size_t>(column)];
      qmtl::add_gradient(circuit_.angle_of[static_cast<std::size_t>(a)], static_cast<double>(*gradients++),
                         row, trained_, of_inputs, gradient);
    }
    std::fill(of_sample.begin(), of_sample.end(), 0.0);
    for (const EncodedColumns& encoded : columns.encoded())
      for (const int number : circuit_.encodings[static_cast<std::size_t>(encoded.encoding)].of)
        of_sample[static_cast<std::size_t>(number)] += static_cast<double>(*gradients++);
    for_rotated(columns, [&](const AmplitudeEncoding& encoding) {
      add_amplitude_gradient(encoding,
                             std::span(memory.sample).subspan(static_cast<std::size_t>(i) * width, width),
                             std::span(of_inputs).subspan(static_cast<std::size_t>(encoding.first),
                                                          static_cast<std::size_t>(encoding.rotations())),
                             of_sample);
    });
    for (const std::size_t k : mapped_) {
      const auto column = static_cast<Eigen::Index>(k);
      const double g = of_inputs[k] * static_cast<double>(memory.slopes(i, column));
      of_sample[k] = g * gain_ + of_sample[k];
      through_angles += g * static_cast<double>(z(i, column));
    }
    for (std::size_t k = 0; k < width; ++k)
      dz(i, static_cast<Eigen::Index>(k)) = static_cast<Real>(of_sample[k]);
  }
  if (gain_gradient) *gain_gradient += through_angles;
}

template <class Real>
void CircuitStage<Real>::decode(const Matrix<Real>& z, const Part& used, const AngleColumns& with,
                                Memory& memory, Matrix<Real>& dz, std::span<double> gradient,
                                double* gain_gradient) const {
  if (!circuit_.angle_of.empty()) return decode_functions(z, used, with, memory, dz, gradient, gain_gradient);
  if (used.takes_whole(z) && !gain_gradient) {
    dz.resize(z.rows(), z.cols());
    scaled_product_each(values_of(std::as_const(memory.angle_gradients)),
                        values_of(std::as_const(memory.slopes)), gain_, values_of(dz));
    return;
  }
  dz.setZero(z.rows(), z.cols());
  const Real *gradients = memory.angle_gradients.data(), *slopes = memory.slopes.data();
  double through_angles = 0.0;
  for (Eigen::Index i = 0; i < z.rows(); ++i)
    for (const int column : used.cone.angles) {
      const double g = static_cast<double>(*gradients++) * static_cast<double>(*slopes++);
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
