// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

#include "runtime/base/error.h"
#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/noise/noisy.h"
#include "runtime/noise/noisy_gradient.h"
#include "tests/noise/cases.h"

using namespace qmtl;
using namespace qmtl::noise_test;

namespace {

// Some hundred operations on numbers below 1, each rounded to 2^-53.
constexpr double value_rounding = 1e-12;
const std::map<int, ReadoutError> errors{{0, {0.05, 0.1}}, {2, {0.0, 0.2}}};

/// Random circuits whose first two angles are one, whose first two parameters are one, and whose last readout
/// weight is trained.
Case shared_case(std::mt19937& random, int qubits) {
  Case made = random_case(random, qubits, 14, 2);
  const auto merge = [&](std::vector<Op>& ops) {
    for (Op& op : ops)
      if (op.source != Source::none && op.index == 1) op.index = 0;
  };
  merge(made.circuit.shared);
  for (Block& block : made.circuit.blocks) merge(block.ops);
  made.circuit.blocks[1].outputs[0].strings[0].weight_param = made.circuit.params++;
  made.params.push_back(0.7);
  return made;
}

/// The oracle's outputs, and behind them their second moments.
std::vector<double> oracle_values(Case made, const std::vector<Rule>& rules) {
  std::vector<double> values, squares;
  for (std::size_t b = 0; b < 2; ++b) {
    Block& block = made.circuit.blocks[b];
    const std::vector<double> p = expected_probabilities(made, b, rules, errors);
    for (Readout readout : block.outputs) {
      for (ZString& string : readout.strings) string.weight = weight_of(string, made.params);
      values.push_back(expected_value(block, readout, p));
      // One outcome at a time: what is read there, squared.
      double square = 0;
      for (std::size_t bits = 0; bits < p.size(); ++bits) {
        std::vector<double> only(p.size(), 0.0);
        only[bits] = 1.0;
        square += p[bits] * std::pow(expected_value(block, readout, only), 2);
      }
      squares.push_back(square);
    }
  }
  values.insert(values.end(), squares.begin(), squares.end());
  return values;
}

double weight(std::size_t output) { return std::cos(1.0 + static_cast<double>(output)); }

/// d f / d x[i] by five points. With h = 3e-3 what is left out, h^4 / 30 times a fifth derivative of at most
/// a hundred, is 3e-10, and the rounding of f, 1e-12 / h, as much.
double slope(const std::function<double()>& f, double& x) {
  constexpr double h = 3e-3;
  const double kept = x;
  const auto at = [&](double step) {
    x = kept + step;
    return f();
  };
  const double found = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
  x = kept;
  return found;
}

}  // namespace

TEST_CASE("Gradients through every channel are those of the oracle's density matrix") {
  std::mt19937 random(11);
  std::size_t number = 0;
  for (const std::vector<Rule>& rules : channel_cases()) {
    Case made = shared_case(random, 3);
    INFO("channel case " << number);
    NoiseModel model = make_model(rules);
    model.readout_of = errors;
    for (const bool second_moments : {false, true}) {
      const auto device = make_noisy_device(made.circuit, model, second_moments);
      device->bind(made.params);
      const std::size_t outputs = 4;
      std::vector<double> values, angle_gradients(made.angles.size(), 9.0),
          param_gradients(made.params.size(), 0.25);
      device->vjp(
          made.angles,
          [&](const double* given, double* cotangents) {
            values.assign(given, given + outputs * (second_moments ? 2 : 1));
            for (std::size_t o = 0; o < outputs; ++o) cotangents[o] = weight(o);
          },
          angle_gradients, param_gradients);
      const std::vector<double> expected = oracle_values(made, rules);
      for (std::size_t i = 0; i < values.size(); ++i) {
        CAPTURE(second_moments, i);
        CHECK(values[i] == Approx(expected[i]).margin(value_rounding));
      }
      const auto loss = [&] {
        const std::vector<double> now = oracle_values(made, rules);
        double sum = 0;
        for (std::size_t o = 0; o < outputs; ++o) sum += weight(o) * now[o];
        return sum;
      };
      for (std::size_t i = 0; i < made.angles.size(); ++i) {
        CAPTURE(second_moments, i);
        CHECK(angle_gradients[i] == Approx(slope(loss, made.angles[i])).margin(1e-8));
      }
      for (std::size_t i = 0; i < made.params.size(); ++i) {
        CAPTURE(second_moments, i);
        CHECK(param_gradients[i] - 0.25 == Approx(slope(loss, made.params[i])).margin(1e-8));
      }
      if (number % 4) break;  // second moments change no gradient: now and then is enough
    }
    ++number;
  }
}

TEST_CASE("A wide circuit's gradients are those of differences of its noisy values") {
  AnsatzSpec spec;
  spec.qubits = 12;
  spec.layers = 2;
  spec.entangler = Entangler::cz_line;
  spec.register_size = 3;
  spec.block_outputs = {1, 2, 1};
  const Circuit circuit = build(spec);
  std::mt19937 random(5);
  std::vector<double> angles(12), params(static_cast<std::size_t>(circuit.params));
  for (double& a : angles) a = static_cast<double>(random()) * 1e-9;
  for (double& p : params) p = static_cast<double>(random()) * 1e-9;
  NoiseModel model = make_model({{Gate::cz, {}, {"depolarising", {0.05}, {}}, true},
                                 {Gate::ry, {}, {"amplitude", {0.02, 0.0}, {}}, false}});
  model.readout = {0.02, 0.05};
  NoisyOptions options;
  options.method = NoisyMethod::density;
  const auto loss = [&] {
    const std::vector<double> now = noisy_values(circuit, params, 1, angles, model, options);
    double sum = 0;
    for (std::size_t o = 0; o < now.size(); ++o) sum += weight(o) * now[o];
    return sum;
  };
  const auto device = make_noisy_device(circuit, model, false);
  device->bind(params);
  std::vector<double> angle_gradients(12), param_gradients(params.size(), 0.0);
  device->vjp(
      angles,
      [&](const double*, double* cotangents) {
        for (int o = 0; o < circuit.outputs(); ++o) cotangents[o] = weight(static_cast<std::size_t>(o));
      },
      angle_gradients, param_gradients);
  for (std::size_t i = 0; i < angles.size(); ++i)
    CHECK(angle_gradients[i] == Approx(slope(loss, angles[i])).margin(1e-8));
  for (std::size_t i = 0; i < params.size(); ++i)
    CHECK(param_gradients[i] == Approx(slope(loss, params[i])).margin(1e-8));
}

TEST_CASE("A circuit too wide for gradients through noise is refused with its numbers") {
  AnsatzSpec spec;
  spec.qubits = 12;
  spec.placement = Placement::global;
  spec.entangler = Entangler::cx_ring;
  spec.layers = 2;
  spec.block_outputs = {1};
  try {
    make_noisy_device(build(spec), {}, false);
    FAIL("not refused");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    CHECK_THAT(error.what(), Catch::Contains("block 0") && Catch::Contains("at most 8"));
  }
}
