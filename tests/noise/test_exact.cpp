// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/engine/engine.h"
#include "runtime/noise/noisy.h"
#include "tests/noise/cases.h"

using namespace qmtl;
using namespace qmtl::noise_test;

namespace {

// Some hundred operations on numbers below 1, each rounded to 2^-53.
constexpr double rounding = 1e-12;

std::string text(const std::vector<Rule>& rules) {
  std::string joined;
  for (const Rule& rule : rules)
    joined += std::string(info(rule.gate).name) + ": " + describe(rule.physical) + "; ";
  return joined;
}

}  // namespace

TEST_CASE("The density matrix gives the oracle's probabilities and readouts for every channel") {
  std::mt19937 random(7);
  int seed = 0;
  for (const std::vector<Rule>& rules : channel_cases())
    for (int repeat = 0; repeat < 3; ++repeat) {
      const int qubits = 3 + repeat % 3;
      const Case made = random_case(random, qubits, 14, 2 + repeat % 2);
      CAPTURE(text(rules), qubits, seed++);
      const std::map<int, ReadoutError> errors{{0, {0.05, 0.1}}, {2, {0.0, 0.2}}};
      NoiseModel model = make_model(rules);
      model.readout_of = errors;
      NoisyOptions options;
      options.method = NoisyMethod::density;
      const std::vector<double> values =
          noisy_values(made.circuit, made.params, 1, made.angles, model, options);
      options.joint = true;
      NoisySimulator joint(made.circuit, model, options);
      joint.bind(made.params);
      const std::vector<std::uint32_t> keys{0};
      const auto found = joint.probabilities(keys, made.angles);
      std::size_t output = 0;
      for (std::size_t b = 0; b < 2; ++b) {
        const Block& block = made.circuit.blocks[b];
        const std::vector<double> expected = expected_probabilities(made, b, rules, errors);
        for (std::size_t bits = 0; bits < expected.size(); ++bits) {
          CAPTURE(b, bits);
          CHECK(found[b][bits] == Approx(expected[bits]).margin(rounding));
        }
        for (const Readout& readout : block.outputs) {
          CAPTURE(b, output);
          CHECK(values[output++] == Approx(expected_value(block, readout, expected)).margin(rounding));
        }
      }
    }
}

TEST_CASE("Without noise both methods give the engine's outputs") {
  AnsatzSpec spec;
  spec.qubits = 10;
  spec.layers = 2;
  spec.rotations = {Gate::ry, Gate::rz};
  spec.block_entangler = Entangler::cx_line;
  spec.readout = ReadoutKind::weights;
  spec.register_size = 3;
  spec.block_outputs = {1, 2, 1};
  for (Entangler entangler :
       {Entangler::cz_ring, Entangler::cz_line, Entangler::brickwork_cz, Entangler::none}) {
    spec.entangler = entangler;
    const Circuit circuit = build(spec);
    const std::size_t samples = 3;
    std::mt19937 random(3);
    std::vector<double> angles(samples * 10), params(static_cast<std::size_t>(circuit.params));
    for (double& a : angles) a = static_cast<double>(random()) * 1e-9;
    for (double& p : params) p = static_cast<double>(random()) * 1e-9;
    Engine<double> engine(make_plan(circuit, PlanKind::state));
    engine.bind(params);
    std::vector<double> expected(samples * static_cast<std::size_t>(circuit.outputs()));
    engine.forward(samples, angles.data(), expected.data());
    for (NoisyMethod method : {NoisyMethod::automatic, NoisyMethod::density}) {
      NoisyOptions options;
      options.method = method;
      const std::vector<double> found = noisy_values(circuit, params, samples, angles, {}, options);
      for (std::size_t i = 0; i < found.size(); ++i) {
        CAPTURE(name(entangler), name(method), i);
        CHECK(found[i] == Approx(expected[i]).margin(rounding));
      }
    }
  }
}

TEST_CASE("One trajectory of a circuit without noise and discarded qubits is its state") {
  AnsatzSpec spec;
  spec.qubits = 6;
  spec.placement = Placement::global;
  spec.entangler = Entangler::cx_ring;
  spec.block_outputs = {1, 1};
  const Circuit circuit = build(spec);
  std::vector<double> angles(6), params(static_cast<std::size_t>(circuit.params));
  for (std::size_t i = 0; i < 6; ++i) angles[i] = 0.3 + 0.2 * static_cast<double>(i);
  for (std::size_t i = 0; i < params.size(); ++i) params[i] = 0.1 * static_cast<double>(i) - 0.7;
  NoisyOptions options;
  const std::vector<double> exact = noisy_values(circuit, params, 1, angles, {}, options);
  options.method = NoisyMethod::trajectories;
  options.trajectories = 1;
  const std::vector<double> pure = noisy_values(circuit, params, 1, angles, {}, options);
  for (std::size_t i = 0; i < exact.size(); ++i) CHECK(pure[i] == Approx(exact[i]).margin(rounding));
}
