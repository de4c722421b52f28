// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "runtime/engine/engine.h"
#include "tests/oracle/published.h"

using namespace qmtl;
using oracle::Published;

namespace {

/// Errors, in units of the precision, of an output and of the gradient of one number.
/// Each gate multiplies ket and bra, forward and back, at most 4 roundings each; a rotation about Z by a
/// sample's angle is up to four gates. There are 2^n roundings in a sum over the state. A rounded angle moves
/// its rotation by itself. A gradient adds up as many of these as gates are turned by the number, times its
/// factors there.
struct Bounds {
  double value = 0, gradient = 0;

  Bounds(const Published& published, const oracle::PublishedCircuit& bound) {
    const Circuit& circuit = bound.made.circuit;
    const std::vector<double> read = oracle::function_inputs(circuit, published.inputs);
    std::vector<double> slope(published.params.size() + read.size());
    double gates = 0, turned = 0;
    const auto add_slope = [&](const std::vector<Expression>& list, int index, std::size_t first) {
      std::vector<double> inputs(read.size()), params(published.params.size());
      if (list.empty())
        slope[first + static_cast<std::size_t>(index)] += 1;
      else
        add_gradient(list[static_cast<std::size_t>(index)], 1.0, read, published.params, inputs, params);
      for (std::size_t i = 0; i < params.size(); ++i) slope[i] += std::abs(params[i]);
      for (std::size_t i = 0; i < inputs.size(); ++i) slope[params.size() + i] += std::abs(inputs[i]);
    };
    const auto add = [&](const std::vector<Op>& ops) {
      for (const Op& op : ops) {
        gates += op.gate == Gate::rz && op.source == Source::angle ? 4 : 1;
        if (op.source == Source::param) add_slope(circuit.param_of, op.index, 0);
        if (op.source != Source::angle) continue;
        turned += std::abs(bound.angles[static_cast<std::size_t>(op.index)]);
        add_slope(circuit.angle_of, op.index, published.params.size());
      }
    };
    add(circuit.shared);
    for (const Block& block : circuit.blocks) add(block.ops);
    // The angles of encodings are themselves functions of the sample, of a slope of two over a norm.
    for (const AmplitudeEncoding& encoding : circuit.encodings)
      for (int r = 0; r < encoding.rotations(); ++r) {
        std::vector<double> one(read.size());
        one[static_cast<std::size_t>(encoding.first + r)] = 1.0;
        const std::vector<double> of_sample = oracle::sample_gradient(circuit, published.inputs, one);
        const double times = slope[published.params.size() + static_cast<std::size_t>(encoding.first + r)];
        for (std::size_t i = 0; i < of_sample.size(); ++i)
          slope[published.params.size() + i] += times * std::abs(of_sample[i]);
      }
    double cotangents = 0;
    for (double weight : published.weights) cotangents += std::abs(weight);
    value = 8 + 16 * gates + turned + std::ldexp(1.0, circuit.qubits);
    gradient = value * cotangents * std::max(1.0, *std::max_element(slope.begin(), slope.end()));
  }
};

void check_close(const std::vector<double>& found, const std::vector<double>& expected, double tolerance,
                 const char* what) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (std::abs(found[i] - expected[i]) <= tolerance) continue;
    INFO(what << " " << i << ": found " << found[i] << ", published " << expected[i] << ", tolerance "
              << tolerance);
    CHECK(false);
  }
}

template <class Real>
void check_engine(const Published& published, const oracle::PublishedCircuit& bound) {
  const Circuit& circuit = bound.made.circuit;
  INFO(oracle::describe(published) << (sizeof(Real) == 4 ? " float" : " double"));
  Engine<Real> engine(make_plan(circuit));
  engine.bind(bound.params);
  const std::vector<Real> angles(bound.angles.begin(), bound.angles.end());
  const std::vector<Real> cotangents(bound.cotangents.begin(), bound.cotangents.end());
  std::vector<Real> values(cotangents.size()), angle_gradient(angles.size());
  std::vector<double> param_gradient(bound.params.size());
  engine.vjp(1, angles.data(), cotangents.data(), values.data(), angle_gradient.data(),
             param_gradient.data());
  const Bounds bounds(published, bound);
  // The published numbers are rounded to 13 digits.
  const auto allowed = [](double units) { return 1e-13 + std::numeric_limits<Real>::epsilon() * units; };
  check_close(bound.outputs({values.begin(), values.end()}), published.values, allowed(bounds.value),
              "value");
  const auto [params, inputs] =
      bound.gradients(published, param_gradient, {angle_gradient.begin(), angle_gradient.end()});
  check_close(params, published.param_gradient, allowed(bounds.gradient), "parameter gradient");
  check_close(inputs, published.input_gradient, allowed(bounds.gradient), "input gradient");
}

}  // namespace

TEST_CASE("the engine gives every preset the published circuit's values and gradients", "[presets]") {
  for (const Published& published : oracle::published_cases(QMTL_SOURCE_DIR)) {
    const oracle::PublishedCircuit bound(published);
    check_engine<double>(published, bound);
    check_engine<float>(published, bound);
  }
}
