// SPDX-License-Identifier: Apache-2.0
// Programs that mitigation makes of one, against the dense statevector and exact density matrices.
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "hardware/executor.h"
#include "hardware/mitigation/cancellation.h"
#include "hardware/program_stats.h"
#include "hardware/replay/programs.h"
#include "runtime/base/error.h"
#include "tests/hardware/device_oracle.h"
#include "tests/hardware/random_program.h"
#include "tests/run_length.h"

using namespace qmtl;
using test::long_run;

namespace {

const std::vector<DeviceGate> heron{DeviceGate::cz, DeviceGate::rz, DeviceGate::sx, DeviceGate::x};
const std::vector<DeviceGate> fractional{DeviceGate::cz, DeviceGate::rz, DeviceGate::sx,
                                         DeviceGate::x,  DeviceGate::rx, DeviceGate::rzz};

/// With an input in every third angle.
DeviceProgram sweeping_program(unsigned seed, int qubits, int gates, const std::vector<DeviceGate>& basis) {
  DeviceProgram program = random_program(seed, qubits, gates, basis);
  program.inputs = {"a"};
  int turned = 0;
  for (DeviceOp& op : program.ops)
    if (info(op.gate).angle && turned++ % 3 == 0) op.angle.terms = {{0, 0.5}};
  return program;
}

std::vector<ReadOutput> some_outputs(int qubits) {
  std::vector<ReadOutput> outputs{{0, {{{0}, 1.0}}}, {1, {{{0, 1}, 0.7}, {{qubits - 1}, -0.4}}}};
  return outputs;
}

double value_of(const ReadOutput& output, const std::vector<double>& probabilities) {
  double sum = 0;
  for (std::size_t bits = 0; bits < probabilities.size(); ++bits)
    for (const BitTerm& term : output.terms) {
      double sign = term.weight;
      for (int bit : term.bits) sign = (bits >> bit & 1) != 0 ? -sign : sign;
      sum += sign * probabilities[bits];
    }
  return sum;
}

VariantRequest request_of(const MitigationSettings& settings, const DeviceTarget& target,
                          const std::vector<ReadOutput>& outputs, std::span<const double> values,
                          const NoiseModel* noise = nullptr) {
  return {settings, target, 11, 3, 1000, outputs, values.size(), values, noise, nullptr};
}

std::size_t pulses_in(const DeviceProgram& program) {
  return static_cast<std::size_t>(
      std::count_if(program.ops.begin(), program.ops.end(),
                    [](const DeviceOp& op) { return op.q1 < 0 && op.gate != DeviceGate::rz; }));
}

/// Noise that twirling makes Pauli noise, of different kinds.
NoiseModel gate_noise(bool pauli) {
  NoiseModel noise;
  const std::pair<std::string, double> uneven[] = {{"ZZ", 0.02}, {"XI", 0.01}, {"IY", 0.015}};
  if (pauli)
    noise.gates = {{Gate::cz, {}, {{pauli_channel(uneven), -1}}, 1}};
  else
    noise.gates = {{Gate::cz, {}, {{amplitude_damping(0.04), 0}, {depolarising(0.02, 2), -1}}, 1}};
  return noise;
}

}  // namespace

TEST_CASE("Every twirled program means what its program means, whatever its inputs", "[mitigation]") {
  const std::vector<double> values{0.37, -1.4};
  for (const auto& [title, basis] :
       {std::pair{"all gates", std::vector<DeviceGate>{}}, {"heron", heron}, {"fractional", fractional}})
    for (unsigned seed = 0; seed < (long_run() ? 40 : 6); ++seed) {
      const DeviceProgram program = sweeping_program(seed, 4, 30, basis);
      const DeviceTarget target{"any", 4, basis, {}};
      MitigationSettings settings;
      settings.gate_twirling = settings.readout_twirling = true;
      settings.randomisations = 6;
      const auto outputs = some_outputs(4);
      for (const Variant& variant : make_variants(program, request_of(settings, target, outputs, values))) {
        INFO(title << ", seed " << seed << ", " << variant.program.name);
        check(variant.program);
        const auto undone = with_flips_undone(outputs, variant.flipped);
        for (double a : values) {
          const std::vector<double> input{a};
          const auto want = oracle::device_probabilities(program, input),
                     found = oracle::device_probabilities(variant.program, input);
          // Two hundred products of rounded matrices.
          for (std::size_t o = 0; o < outputs.size(); ++o)
            CHECK(std::abs(value_of(undone[o], found) - value_of(outputs[o], want)) < 1e-12);
        }
      }
    }
}

TEST_CASE("Twirls differ, have each Pauli equally often and turn every reading half of the time",
          "[mitigation]") {
  DeviceProgram program;
  program.name = "pair";
  program.qubits = 2;
  program.ops = {{DeviceGate::cz, 0, 1, {}}};
  program.measured = {0, 1};
  const DeviceTarget target{"any", 2, heron, {}};
  MitigationSettings settings;
  settings.gate_twirling = settings.readout_twirling = true;
  settings.randomisations = 1600;
  const auto outputs = some_outputs(2);
  const auto variants = make_variants(program, request_of(settings, target, outputs, {}));
  REQUIRE(variants.size() == 1600);
  std::size_t pulses = 0;
  std::map<std::vector<bool>, int> flips;
  for (const Variant& variant : variants) {
    pulses += pulses_in(variant.program);
    ++flips[variant.flipped];
    CHECK(variant.weights[0] == Approx(1.0 / 1600));
  }
  // Each of the two qubits has X or Y in front of the gate in half of the programs, and the product of what
  // is behind it and the reading's flip in half. Five deviations of 6400 fair coins.
  CHECK(std::abs(static_cast<double>(pulses) - 3200) < 5 * std::sqrt(1600.0));
  REQUIRE(flips.size() == 4);
  for (const auto& [pattern, count] : flips) CHECK(std::abs(count - 400) < 5 * std::sqrt(300.0));
  CHECK(flips[{false, false}] == flips[{true, true}]);
}

TEST_CASE("Paulis beside two pulses cost no pulse", "[mitigation]") {
  DeviceProgram program;
  program.name = "dense";
  program.qubits = 2;
  for (int layer = 0; layer < 5; ++layer) {
    for (int q = 0; q < 2; ++q)
      for (int half = 0; half < 2; ++half) {
        program.ops.push_back({DeviceGate::rz, q, -1, {0.3 + layer + 0.7 * q + half, {}}});
        program.ops.push_back({DeviceGate::sx, q, -1, {}});
      }
    if (layer < 4) program.ops.push_back({DeviceGate::cz, 0, 1, {}});
  }
  program.measured = {0, 1};
  const DeviceTarget target{"any", 2, heron, {}};
  MitigationSettings settings;
  settings.gate_twirling = settings.readout_twirling = true;
  const auto outputs = some_outputs(2);
  for (const Variant& variant : make_variants(program, request_of(settings, target, outputs, {})))
    CHECK(pulses_in(variant.program) <= pulses_in(program));
}

TEST_CASE("Generators of Pauli noise are its own fidelities", "[mitigation]") {
  DeviceProgram program;
  program.name = "one";
  program.qubits = 3;
  program.ops = {{DeviceGate::ry, 2, -1, {0.4, {}}}, {DeviceGate::cz, 2, 0, {}}};
  program.measured = {0};
  for (bool pauli : {true, false}) {
    const NoiseModel noise = gate_noise(pauli);
    const auto generators = error_generators(program, noise);
    // The channels one after another, by Paulis in place of the gate's qubits.
    std::vector<double> fidelity(16, 1.0);
    if (pauli) {
      const auto transfer = transfer_matrix(noise.gates[0].channels[0].channel);
      for (std::size_t b = 0; b < 16; ++b) fidelity[b] = transfer[b * 16 + b];
    } else {
      const auto damped = transfer_matrix(noise.gates[0].channels[0].channel);
      for (std::size_t b = 0; b < 16; ++b)
        fidelity[b] = damped[(b % 4) * 4 + b % 4] * (b == 0 ? 1.0 : 1 - 0.02);
    }
    for (std::size_t b = 0; b < 16; ++b) {
      double exponent = 0;
      for (const ErrorGenerator& g : generators) {
        CHECK(g.after == 1);
        CHECK(g.q0 == 2);
        CHECK(g.q1 == 0);
        const auto differ = [](int x, std::size_t y) { return x != 0 && y != 0 && x != static_cast<int>(y); };
        if (differ(g.pauli0, b % 4) != differ(g.pauli1, b / 4)) exponent -= 2 * g.rate;
      }
      // Sums of 16 logarithms.
      CHECK(std::exp(exponent) == Approx(fidelity[b]).epsilon(1e-12));
    }
  }
}

TEST_CASE("An error changes an output by no more than its influence says", "[mitigation]") {
  const std::vector<double> values{0.37, -1.4};
  std::size_t none = 0, tight = 0;
  for (unsigned seed = 0; seed < (long_run() ? 60 : 8); ++seed) {
    const DeviceProgram program = sweeping_program(seed, 4, 18, {});
    const auto outputs = some_outputs(4);
    std::vector<ErrorGenerator> generators;
    for (std::size_t i = 0; i < program.ops.size(); ++i)
      for (int pauli = 1; pauli < 4; ++pauli) {
        const DeviceOp& op = program.ops[i];
        generators.push_back({i, op.q0, -1, pauli, 0, 0.1});
        if (op.q1 >= 0) generators.push_back({i, op.q0, op.q1, pauli, 1 + pauli % 3, 0.1});
      }
    for (const ReadOutput& output : outputs) {
      const auto bounds = influences(program, output, values.size(), values, generators);
      double norm = 0;
      for (const BitTerm& term : output.terms) norm += std::abs(term.weight);
      for (std::size_t g = 0; g < generators.size(); ++g) {
        const ErrorGenerator& generator = generators[g];
        DeviceProgram wrong = program;
        auto at = wrong.ops.begin() + static_cast<std::ptrdiff_t>(generator.after) + 1;
        std::vector<DeviceOp> paulis = pauli_ops(generator.pauli0, generator.q0, {});
        for (const DeviceOp& op : pauli_ops(generator.pauli1, generator.q1, {})) paulis.push_back(op);
        wrong.ops.insert(at, paulis.begin(), paulis.end());
        for (double a : values) {
          const std::vector<double> input{a};
          const double change = std::abs(value_of(output, oracle::device_probabilities(wrong, input)) -
                                         value_of(output, oracle::device_probabilities(program, input)));
          INFO("seed " << seed << ", output " << output.output << ", generator " << g);
          CHECK(change <= 2 * bounds[g] + 1e-12);  // rounding of the statevector
          tight += change > 0.5 * bounds[g];
        }
        CHECK(bounds[g] <= norm + 1e-12);
        none += bounds[g] == 0;
      }
    }
  }
  // Bounds that are always the norm, or never zero, would shade nothing.
  CHECK(none > 20);
  CHECK(tight > 100);
}

TEST_CASE("Cancelled errors leave the exact expectation, whole and shaded", "[mitigation]") {
  // Each random program's value is exact (a density matrix), so that only which programs were drawn is left
  // to chance: the sum of N weights gamma (1 - P0) / N of values up to |O| <= 1.1 has a deviation of at most
  // gamma (1 - P0) 1.1 / sqrt(N); five of them leave a chance below 1e-5 for all comparisons.
  const std::vector<double> values{0.37, -1.4};
  for (bool pauli : {true, false})
    for (CancellationKind kind : {CancellationKind::whole, CancellationKind::shaded})
      for (unsigned seed : {1u, 2u}) {
        const NoiseModel noise = gate_noise(pauli);
        const DeviceProgram program = sweeping_program(seed, 4, 24, heron);
        const DeviceTarget target{"any", 4, heron, {}};
        MitigationSettings settings;
        settings.cancellation = kind;
        settings.pec_circuits = long_run() ? 4000 : 400;
        settings.gate_twirling = !pauli;
        settings.randomisations = 256;
        const auto outputs = some_outputs(4);
        VariantRequest request = request_of(settings, target, outputs, values, &noise);
        request.shots = 100'000;
        CancellationPlan plan;
        request.cancellation = &plan;
        std::vector<double> sums(outputs.size() * values.size(), 0.0), raw(sums.size(), 0.0);
        const Executor executor(noise, 0);
        double copies = 0;
        const auto variants = make_variants(program, request);
        for (const Variant& variant : variants) copies += variant.stratum == 0;
        for (const Variant& variant : variants) {
          const auto all = executor.probabilities({variant.program, values.size(), values});
          for (std::size_t row = 0; row < values.size(); ++row)
            for (std::size_t o = 0; o < outputs.size(); ++o) {
              const double value = value_of(outputs[o], all[row]);
              sums[row * outputs.size() + o] += variant.weights[o] * value;
              if (variant.stratum == 0) raw[row * outputs.size() + o] += value / copies;
            }
        }
        double removed = 0, before = 0;
        for (std::size_t row = 0; row < values.size(); ++row) {
          const auto ideal = oracle::device_probabilities(program, std::vector<double>{values[row]});
          for (std::size_t o = 0; o < outputs.size(); ++o) {
            const double want = value_of(outputs[o], ideal);
            const OutputCancellation& own = plan.outputs[o];
            // Twirls, of which there are 256, change a value by less than what the noise does to it.
            const double noise_of_value = std::abs(raw[row * outputs.size() + o] - want);
            const double spread = own.gamma * (1 - plan.untouched) * 1.1 / std::sqrt(settings.pec_circuits) +
                                  (pauli ? 0.0 : own.gamma * plan.untouched * 2 * noise_of_value / 16);
            INFO((pauli ? "Pauli" : "damping")
                 << ", " << (kind == CancellationKind::whole ? "whole" : "shaded") << ", seed " << seed
                 << ", row " << row << ", output " << o << ", gamma " << own.gamma << ", bias " << own.bias);
            CHECK(std::abs(sums[row * outputs.size() + o] - want) < 5 * spread + own.bias);
            CHECK(own.bias <= settings.pec_bias);
            removed += std::abs(sums[row * outputs.size() + o] - want);
            before += noise_of_value;
          }
        }
        CHECK(removed < before);
      }
}

TEST_CASE("Shading needs a smaller gamma where a light cone ends", "[mitigation]") {
  // A line of ten qubits, gates between neighbours once: qubit 0 sees its own gate and the next alone.
  DeviceProgram program;
  program.name = "line";
  program.qubits = 10;
  for (int q = 0; q < 10; ++q) program.ops.push_back({DeviceGate::ry, q, -1, {0.4 + 0.1 * q, {}}});
  for (int q = 0; q < 9; ++q) program.ops.push_back({DeviceGate::cz, q, q + 1, {}});
  for (int q = 0; q < 10; ++q) program.ops.push_back({DeviceGate::ry, q, -1, {1.1, {}}});
  for (int q = 0; q < 10; ++q) program.measured.push_back(q);
  NoiseModel noise;
  noise.gates = {{Gate::cz, {}, {{depolarising(0.01, 2), -1}}, 1}};
  const std::vector<ReadOutput> outputs{{0, {{{0}, 1.0}}}, {1, {{{5}, 1.0}}}};
  const DeviceTarget target{"any", 10, {}, {}};
  MitigationSettings settings;
  const VariantRequest request = request_of(settings, target, outputs, {});
  const CancellationPlan whole = plan_cancellation(program, noise, request, false, 0),
                         shaded = plan_cancellation(program, noise, request, true, 0);
  // Depolarising noise of fidelity f: 15 rates of -log f / 16; 9 gates.
  const double rate = -std::log(0.99) / 16;
  CHECK(whole.outputs[0].gamma == Approx(std::exp(2 * rate * 15 * 9)));
  CHECK(shaded.outputs[0].bias == 0);
  // Z0 becomes Z0 and X0 in front of the last rotation; the gates behind cz(0, 1) are none of theirs, and
  // behind it 12 of the 15 Paulis, those with a letter on qubit 0, anticommute with one of them. Z5 and X5
  // see 12 behind cz(5, 6); in front of it they are Z5 and X5 Z6, which see 12 behind cz(4, 5), and in front
  // of that Z5 and Z4 X5 Z6, of which cz(3, 4) sees Z4: the 8 with X or Y on qubit 4.
  CHECK(shaded.outputs[0].gamma == Approx(std::exp(2 * rate * 12)));
  CHECK(shaded.outputs[1].gamma == Approx(std::exp(2 * rate * 32)));
}

TEST_CASE("What cannot be cancelled is refused by name", "[mitigation]") {
  DeviceProgram program;
  program.name = "dead";
  program.qubits = 2;
  program.ops = {{DeviceGate::cz, 0, 1, {}}};
  program.measured = {0};
  NoiseModel noise;
  noise.gates = {{Gate::cz, {}, {{depolarising(1.0, 2), -1}}, 1}};
  CHECK_THROWS_WITH(error_generators(program, noise), Catch::Contains("cz on qubit 0 and 1"));
  MitigationSettings settings;
  CHECK_THROWS_WITH(choose_mitigation(settings, MitigationOption::mitigate, "pec,shaded-pec"),
                    Catch::Contains("go together"));
  CHECK_THROWS_WITH(choose_mitigation(settings, MitigationOption::mitigate, "twirl"),
                    Catch::Contains("readout, m3, zne, pec"));
  choose_mitigation(settings, MitigationOption::mitigate, "m3, shaded-pec");
  CHECK(mitigation_names(settings, MitigationOption::mitigate) == "m3, shaded-pec");
  choose_mitigation(settings, MitigationOption::mitigate, "none");
  CHECK(mitigation_names(settings, MitigationOption::mitigate) == "none");
}
