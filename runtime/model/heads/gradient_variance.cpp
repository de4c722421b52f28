// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/heads/gradient_variance.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/base/math.h"
#include "runtime/base/philox.h"
#include "runtime/circuit/cones/cones.h"
#include "runtime/engine/engine.h"

namespace qmtl {
namespace {

/// What the parameters of a circuit are: angles, or weights of the readout.
std::vector<bool> angles_among_params(const Circuit& circuit) {
  std::vector<bool> is_angle(static_cast<std::size_t>(circuit.params), true);
  for (const Block& block : circuit.blocks)
    for (const Readout& readout : block.outputs)
      for (const ZString& string : readout.strings)
        if (string.weight_param >= 0) is_angle[static_cast<std::size_t>(string.weight_param)] = false;
  return is_angle;
}

/// The random numbers of one draw.
struct Draw {
  const RandomStream& stream;
  std::uint32_t number;
  double angle(std::uint32_t kind, std::size_t index) const {
    return 2.0 * math::pi * stream.uniform({number, kind, 0, static_cast<std::uint32_t>(index)});
  }
};

}  // namespace

AnsatzSpec resized(const AnsatzSpec& ansatz, int qubits, int layers) {
  AnsatzSpec result = ansatz;
  const bool global = ansatz.placement == Placement::global;
  if (global && ansatz.qubits > 0)
    for (std::vector<int>& string : result.strings)
      if (static_cast<int>(string.size()) == ansatz.qubits) {
        string.clear();
        for (int q = 0; q < qubits; ++q) string.push_back(q);
      }
  if (!ansatz.registers.empty())
    result.register_size = static_cast<int>(ansatz.registers.front().size());
  else if (ansatz.register_size == 0)
    result.register_size = usual_register;
  result.register_size = std::min(result.register_size, qubits);
  result.registers.clear();
  result.qubits = qubits;
  result.layers = layers;
  result.block_outputs = {1};
  return result;
}

GradientVariance gradient_variance(const AnsatzSpec& ansatz, int draws, std::uint64_t seed) {
  const Cone cone = cone_of(build(ansatz), {0});
  const std::vector<bool> is_angle = angles_among_params(cone.circuit);
  Engine<double> engine(make_plan(cone.circuit));
  const auto count = static_cast<std::size_t>(cone.circuit.params);
  const double weight = 1.0 / static_cast<double>(cone.circuit.blocks.front().outputs.front().strings.size());
  std::vector<double> params(count), angles(static_cast<std::size_t>(cone.circuit.angles));
  std::vector<double> sums(count, 0.0), squares(count, 0.0);
  const RandomStream stream(seed, Purpose::gradient_variance);
  for (int n = 0; n < draws; ++n) {
    const Draw draw{stream, static_cast<std::uint32_t>(n)};
    for (std::size_t i = 0; i < count; ++i) params[i] = is_angle[i] ? draw.angle(0, i) : weight;
    for (std::size_t i = 0; i < angles.size(); ++i) angles[i] = draw.angle(1, i);
    engine.bind(params);
    const double one = 1.0;
    double value = 0.0;
    std::vector<double> angle_gradients(angles.size()), gradient(count, 0.0);
    engine.vjp(1, angles.data(), &one, &value, angle_gradients.data(), gradient.data());
    for (std::size_t i = 0; i < count; ++i) {
      sums[i] += gradient[i];
      squares[i] += gradient[i] * gradient[i];
    }
  }
  GradientVariance result{ansatz.qubits, ansatz.layers, 0, 0.0, 0.0};
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_angle[i]) continue;
    const double mean = sums[i] / draws;
    const double variance = squares[i] / draws - mean * mean;
    if (result.parameters++ == 0) result.first = variance;
    result.mean += variance;
  }
  if (result.parameters > 0) result.mean /= result.parameters;
  return result;
}

double exponential_rate(std::span<const int> qubits, std::span<const double> variances) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (std::size_t i = 0; i < qubits.size(); ++i) {
    if (!(variances[i] > 0.0)) continue;
    const double width = qubits[i], power = std::log2(variances[i]);
    n += 1;
    x += width;
    y += power;
    xx += width * width;
    xy += width * power;
  }
  const double spread = n * xx - x * x;
  return spread > 0.0 ? -(n * xy - x * y) / spread : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace qmtl
