// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <catch2/catch.hpp>

#include "hardware/head_outputs.h"
#include "hardware/program_stats.h"
#include "runtime/base/error.h"
#include "runtime/base/math.h"
#include "runtime/model/heads/head.h"
#include "tests/hardware/device_oracle.h"
#include "tests/oracle/cases.h"
#include "tests/oracle/oracle.h"

using namespace qmtl;
using math::pi;

namespace {

// Some hundred gates and a sum over at most 256 probabilities in double.
constexpr double tolerance = 1e-12;

struct Numbers {
  std::vector<double> angles, params;
};
Numbers numbers_for(const Circuit& circuit, std::uint64_t seed = 1) {
  return {oracle::uniform(seed, static_cast<std::size_t>(circuit.angles), -pi, pi),
          oracle::uniform(seed + 1, static_cast<std::size_t>(circuit.params), -pi, pi)};
}

double expectation_of(const std::vector<double>& probabilities, const std::vector<BitTerm>& terms) {
  double sum = 0;
  for (const BitTerm& term : terms) {
    std::size_t mask = 0;
    for (int bit : term.bits) mask |= std::size_t{1} << bit;
    for (std::size_t reading = 0; reading < probabilities.size(); ++reading)
      sum += term.weight * probabilities[reading] * (std::popcount(reading & mask) % 2 ? -1 : 1);
  }
  return sum;
}

/// The circuit's outputs from its programs' exact probabilities; each must be measured once.
std::vector<double> assembled(const Circuit& circuit, const std::vector<HeadProgram>& programs,
                              const Numbers& at) {
  std::vector<double> outputs(static_cast<std::size_t>(circuit.outputs()));
  std::vector<int> found(outputs.size());
  for (const HeadProgram& program : programs) {
    const auto inputs =
        input_values(program, at.params, 1, at.angles, static_cast<std::size_t>(circuit.angles));
    const auto probabilities = oracle::device_probabilities(program.program, inputs);
    for (const ReadOutput& reading : read_outputs(circuit, at.params, program)) {
      outputs[static_cast<std::size_t>(reading.output)] = expectation_of(probabilities, reading.terms);
      ++found[static_cast<std::size_t>(reading.output)];
    }
  }
  CHECK(found == std::vector<int>(outputs.size(), 1));
  return outputs;
}

void check_outputs(const Circuit& circuit, const std::vector<HeadProgram>& programs, const Numbers& at) {
  const Eigen::VectorXd expected = oracle::values(circuit, at.angles, at.params);
  const std::vector<double> outputs = assembled(circuit, programs, at);
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    INFO("output " << o);
    CHECK(std::abs(outputs[o] - expected(static_cast<Eigen::Index>(o))) < tolerance);
  }
}

/// Circuits of every kind of head that has one.
std::vector<std::pair<std::string, Circuit>> head_circuits_of_all_kinds() {
  std::vector<std::pair<std::string, Circuit>> circuits;
  for (const HeadKind* kind : head_table) {
    if (!kind->circuit()) continue;
    for (Entangler entangler : {Entangler::none, Entangler::cx_ring, Entangler::cx_line, Entangler::cz_ring,
                                Entangler::cz_line, Entangler::brickwork_cz})
      for (Placement placement : {Placement::local, Placement::global})
        for (ReadoutKind readout :
             {ReadoutKind::first, ReadoutKind::mean, ReadoutKind::weights, ReadoutKind::strings}) {
          ModelSpec spec;
          spec.head.kind = kind->name;
          AnsatzSpec& ansatz = spec.head.ansatz;
          ansatz.qubits = 5;
          ansatz.stride = 2;
          ansatz.layers = 2;
          ansatz.entangler = entangler;
          ansatz.block_entangler = entangler;
          ansatz.rotations = {Gate::ry, Gate::rz};
          ansatz.upload = readout == ReadoutKind::first ? Gate::rx : Gate::ry;
          ansatz.uploads = kind->registers ? 2 : 1;
          ansatz.placement = placement;
          ansatz.register_size = 3;
          ansatz.readout = readout;
          if (readout == ReadoutKind::strings) ansatz.strings = {{0, 2}, {1}, {0, 1, 2}};
          ansatz.block_outputs = {1, 3, 1};
          for (const char* task : {"a", "b"}) spec.tasks.emplace_back().name = task;
          if (!kind->registers && (placement == Placement::global || readout != ReadoutKind::first)) continue;
          const AnsatzSpec resolved = head_ansatz(spec);
          circuits.emplace_back(std::string(kind->name) + " " + oracle::describe(resolved), build(resolved));
        }
  }
  return circuits;
}

AnsatzSpec ring_of_registers() {
  AnsatzSpec spec;
  spec.qubits = 8;
  spec.register_size = 4;
  spec.stride = 2;
  spec.block_outputs = {1, 1, 1, 1};
  return spec;
}

/// As the head hybrid: one block without gates for every qubit.
AnsatzSpec only_readings() {
  AnsatzSpec spec;
  spec.qubits = 6;
  spec.register_size = 1;
  spec.stride = 1;
  spec.block_layers = 0;
  spec.block_rotations.clear();
  spec.readout = ReadoutKind::first;
  spec.block_outputs = {1, 1, 1, 1, 1, 1};
  return spec;
}

std::size_t programs_of(const Circuit& circuit, HeadSplit split, int max_qubits = 0) {
  return split_head(circuit, numbers_for(circuit).params, split, {}, max_qubits).size();
}

}  // namespace

TEST_CASE("The outputs of every kind of head come back from the probabilities of its programs", "[split]") {
  const auto circuits = head_circuits_of_all_kinds();
  REQUIRE(circuits.size() >= 60);
  for (const auto& [what, circuit] : circuits)
    for (HeadSplit split : {HeadSplit::wide, HeadSplit::cones, HeadSplit::packed}) {
      INFO(what << " split " << name(split));
      const Numbers at = numbers_for(circuit);
      check_outputs(circuit, split_head(circuit, at.params, split, {}, 8), at);
    }
}

TEST_CASE("Parameters of blocks that stay inputs can be shifted from outside", "[split]") {
  const Circuit circuit = build(ring_of_registers());
  Numbers at = numbers_for(circuit);
  const auto programs = split_head(circuit, at.params, HeadSplit::cones, {true}, 0);
  check_outputs(circuit, programs, at);
  std::vector<int> shifted;
  for (const HeadProgram& program : programs) {
    shifted.insert(shifted.end(), program.params.begin(), program.params.end());
    CHECK(program.program.inputs.size() == program.angles.size() + program.params.size());
  }
  REQUIRE(!shifted.empty());
  for (int param : shifted) at.params[static_cast<std::size_t>(param)] += pi / 2;
  check_outputs(circuit, programs, at);
}

TEST_CASE("Blocks share a program exactly if none of them disturbs another", "[split]") {
  // Registers 0-3, 2-5, 4-7, 6-1: each disturbs its neighbours.
  CHECK(programs_of(build(ring_of_registers()), HeadSplit::wide) == 2);
  AnsatzSpec apart = ring_of_registers();
  apart.stride = 4;
  apart.block_outputs = {1, 1};
  CHECK(programs_of(build(apart), HeadSplit::wide) == 1);
  apart.block_outputs = {1, 1, 1, 1};  // two tasks on either register
  CHECK(programs_of(build(apart), HeadSplit::wide) == 2);
  CHECK(programs_of(build(apart), HeadSplit::cones) == 4);
  const Circuit readings = build(only_readings());
  CHECK(programs_of(readings, HeadSplit::wide) == 1);
  CHECK(programs_of(readings, HeadSplit::cones) == 6);
  CHECK(programs_of(readings, HeadSplit::packed) == 1);
}

TEST_CASE("Readings of shared qubits take one classical bit", "[split]") {
  AnsatzSpec spec = only_readings();
  spec.register_size = 3;
  spec.readout = ReadoutKind::mean;
  const Circuit circuit = build(spec);
  const auto programs = split_head(circuit, numbers_for(circuit).params, HeadSplit::wide);
  REQUIRE(programs.size() == 1);
  CHECK(programs[0].program.measured == std::vector<int>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("Cones side by side stay within the qubits that are allowed", "[split]") {
  const Circuit circuit = build(ring_of_registers());
  const Numbers at = numbers_for(circuit);
  int widest = 0;
  for (const HeadProgram& program : split_head(circuit, at.params, HeadSplit::cones))
    widest = std::max(widest, program.program.qubits);
  for (int limit : {widest, 2 * widest, 3 * widest, 4 * widest}) {
    INFO("limit " << limit);
    const auto programs = split_head(circuit, at.params, HeadSplit::packed, {}, limit);
    CHECK(programs.size() == static_cast<std::size_t>((4 * widest + limit - 1) / limit));
    for (const HeadProgram& program : programs) CHECK(program.program.qubits <= limit);
  }
  CHECK_THROWS_WITH(split_head(circuit, at.params, HeadSplit::wide, {}, widest - 1),
                    Catch::Contains("cones or packed") && Catch::Contains(std::to_string(widest - 1)));
  CHECK_THROWS_WITH(split_head(circuit, at.params, HeadSplit::cones, {}, widest - 1),
                    Catch::Contains(std::to_string(widest)));
}

TEST_CASE("Gates that no reading depends on are left out", "[split]") {
  AnsatzSpec spec = ring_of_registers();
  spec.readout = ReadoutKind::first;
  spec.block_outputs = {1};
  spec.block_rotations = {Gate::ry, Gate::rz};  // RZ behind RY turns no Z
  const Circuit circuit = build(spec);
  const auto programs = split_head(circuit, numbers_for(circuit).params, HeadSplit::wide);
  REQUIRE(programs.size() == 1);
  const ProgramStats stats = program_stats(programs[0].program);
  CHECK(stats.gates.count("rz") == 0);
  CHECK(programs[0].program.measured.size() == 1);
  CHECK(programs[0].program.qubits < circuit.qubits);
}

TEST_CASE("Depths are the longest chains of gates that share qubits", "[split]") {
  DeviceProgram program;
  program.name = "chain";
  program.qubits = 3;
  program.ops = {{DeviceGate::x, 0, -1, {}},
                 {DeviceGate::cx, 0, 1, {}},
                 {DeviceGate::x, 2, -1, {}},
                 {DeviceGate::cz, 1, 2, {}},
                 {DeviceGate::x, 0, -1, {}}};
  const ProgramStats stats = program_stats(program);
  CHECK(stats.depth == 3);
  CHECK(stats.two_qubit_depth == 2);
  CHECK(stats.gates == std::map<std::string, std::size_t>{{"cx", 1}, {"cz", 1}, {"x", 3}});
}

TEST_CASE("Names of inputs ascend with the angles that they carry, however many", "[split]") {
  for (int angles : {3, 9999, 10000, 10001, 200000})
    CHECK(angle_input(angles - 2, angles) < angle_input(angles - 1, angles));
  CHECK(angle_input(7, 12) == "a0007");
}
