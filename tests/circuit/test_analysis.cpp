// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/circuit/plan/analysis.h"
#include "tests/oracle/cases.h"
#include "tests/oracle/oracle.h"

using namespace qmtl;

namespace {

std::vector<std::string> dead_names(const AnsatzSpec& spec) {
  const ParamLayout parts = layout(spec);
  std::vector<std::string> names;
  for (int param : analyse(build(spec), parts.names()).dead_params)
    names.push_back(parts.trained[std::size_t(param)].name);
  return names;
}

std::string warnings_of(const AnsatzSpec& spec) {
  std::string text;
  for (const std::string& warning : analyse(build(spec), layout(spec).names()).warnings)
    text += warning + "\n";
  return text;
}

/// One global block of RZ and RY with a CX ring behind the rotations, as in the papers.
AnsatzSpec cx_ring_tail() {
  AnsatzSpec spec;
  spec.qubits = 4;
  spec.rotations = {Gate::rz, Gate::ry};
  spec.entangler = Entangler::cx_ring;
  spec.placement = Placement::global;
  spec.block_rotations = {Gate::ry, Gate::rz};
  spec.block_entangler = Entangler::cx_ring;
  spec.block_order = BlockOrder::re;
  return spec;
}

}  // namespace

TEST_CASE("dead parameters are exactly those whose gradient is zero at random points", "[analysis]") {
  std::uint64_t seed = 1;
  for (Entangler entangler : {Entangler::none, Entangler::cx_ring, Entangler::cx_line, Entangler::cz_ring,
                              Entangler::cz_line, Entangler::brickwork_cz})
    for (BlockOrder order : {BlockOrder::er, BlockOrder::re})
      for (ReadoutKind readout : {ReadoutKind::first, ReadoutKind::mean, ReadoutKind::strings})
        for (const auto& rotations :
             std::vector<std::vector<Gate>>{{Gate::ry}, {Gate::rz, Gate::ry}, {Gate::ry, Gate::rz}}) {
          AnsatzSpec spec;
          spec.qubits = 4;
          spec.layers = 1;
          spec.rotations = rotations;
          spec.entangler = entangler;
          spec.placement = seed % 2 ? Placement::global : Placement::local;
          spec.register_size = 3;
          spec.block_rotations = rotations;
          spec.block_entangler = entangler;
          spec.block_order = order;
          spec.readout = readout;
          if (readout == ReadoutKind::strings) spec.strings = {{0, 2}};
          CAPTURE(oracle::describe(spec));
          const Circuit circuit = build(spec);
          const Analysis analysis = analyse(circuit);
          ++seed;
          // The largest gradient over a few points: zero up to rounding if dead, and if not then a product of
          // a few sines and cosines that is nowhere near 1e-9 at all of them.
          Eigen::VectorXd largest = Eigen::VectorXd::Zero(circuit.params);
          Eigen::VectorXd largest_angle = Eigen::VectorXd::Zero(circuit.angles);
          for (int point = 0; point < 3; ++point) {
            const auto gradient = oracle::parameter_shift(
                circuit,
                oracle::uniform(seed * 8 + std::uint64_t(point), std::size_t(circuit.angles), 0.3, 2.8),
                oracle::uniform(seed * 8 + 4 + std::uint64_t(point), std::size_t(circuit.params), 0.3, 2.8),
                std::vector<double>{1.0});
            largest = largest.cwiseMax(gradient.params.cwiseAbs());
            largest_angle = largest_angle.cwiseMax(gradient.angles.cwiseAbs());
          }
          std::vector<int> dead_params, dead_angles;
          for (int i = 0; i < circuit.params; ++i)
            if (largest(i) < 1e-9) dead_params.push_back(i);
          for (int i = 0; i < circuit.angles; ++i)
            if (largest_angle(i) < 1e-9) dead_angles.push_back(i);
          CHECK(analysis.dead_params == dead_params);
          CHECK(analysis.dead_angles == dead_angles);
        }
}

TEST_CASE("RZ before a CX ring and a Z readout is dead, and so is the RY that one readout qubit cancels",
          "[analysis]") {
  AnsatzSpec spec = cx_ring_tail();
  spec.block_rotations = {Gate::rz, Gate::ry};
  spec.readout = ReadoutKind::first;
  // Pushed back through CX(3,0), CX(2,3), CX(1,2), CX(0,1), Z0 becomes Z1 Z2 Z3: the ring takes qubit 0 out,
  // so the block's RY and RZ on it are dead; the RZ on the others precede an RY and are alive.
  CHECK(dead_names(spec) == std::vector<std::string>{"block0.l0.rz.q0", "block0.l0.ry.q0"});
  spec.block_rotations = {Gate::ry, Gate::rz};
  CHECK(dead_names(spec) == std::vector<std::string>{"block0.l0.ry.q0", "block0.l0.rz.q0", "block0.l0.rz.q1",
                                                     "block0.l0.rz.q2", "block0.l0.rz.q3"});
}

TEST_CASE("the warning about dead parameters counts and names them", "[analysis]") {
  using Catch::Contains;
  CHECK_THAT(warnings_of(cx_ring_tail()),
             Contains("4 of 16 circuit parameters") && Contains("block0.l0.rz.q0") && Contains("and 1 more"));
}

TEST_CASE("the default circuit has nothing to warn of", "[analysis]") {
  AnsatzSpec spec;
  spec.qubits = 20;
  spec.layers = 2;
  spec.block_outputs = std::vector<int>(10, 1);
  CHECK(warnings_of(spec).empty());
}

TEST_CASE("qubits that no register's cone covers have dead angles", "[analysis]") {
  AnsatzSpec spec;
  spec.qubits = 8;
  spec.register_size = 2;
  spec.entangler = Entangler::none;
  const Analysis analysis = analyse(build(spec));
  CHECK(analysis.dead_angles == std::vector<int>{2, 3, 4, 5, 6, 7});
  CHECK_THAT(warnings_of(spec), Catch::Contains("6 of 8 encoded angles"));
}

TEST_CASE("a block that repeats the shared stage's last CZ ring is reported as cancelling", "[analysis]") {
  AnsatzSpec spec;
  spec.qubits = 4;
  spec.placement = Placement::global;
  spec.block_entangler = Entangler::cz_ring;
  CHECK_THAT(warnings_of(spec), Catch::Contains("4 entangling gates cancel at the start of a task block"));
  spec.block_order = BlockOrder::re;
  CHECK_THAT(warnings_of(spec), !Catch::Contains("cancel"));
}

TEST_CASE("gates cancel through commuting gates only", "[analysis]") {
  const auto cancels = [](std::vector<Op> ops) {
    Circuit circuit;
    circuit.qubits = 3;
    circuit.params = 1;
    circuit.shared = std::move(ops);
    circuit.blocks = {{{0}, {}, {{{{{0}, 1.0, -1}}}}}};
    for (const std::string& warning : analyse(circuit).warnings)
      if (warning.find("cancel") != std::string::npos) return true;
    return false;
  };
  const Op rz{Gate::rz, 0, -1, Source::param, 0}, ry{Gate::ry, 0, -1, Source::param, 0};
  const Op rx1{Gate::rx, 1, -1, Source::param, 0};
  CHECK(cancels({{Gate::cz, 0, 1}, rz, {Gate::cz, 2, 1}, {Gate::cz, 1, 0}}));
  CHECK_FALSE(cancels({{Gate::cz, 0, 1}, ry, {Gate::cz, 0, 1}}));
  CHECK_FALSE(cancels({{Gate::cz, 0, 1}, rx1, {Gate::cz, 0, 1}}));
  CHECK(cancels({{Gate::cx, 0, 1}, rz, rx1, {Gate::cx, 0, 2}, {Gate::cx, 0, 1}}));
  CHECK_FALSE(cancels({{Gate::cx, 0, 1}, {Gate::cx, 1, 0}}));
  CHECK_FALSE(cancels({{Gate::cx, 0, 1}, {Gate::cx, 1, 2}, {Gate::cx, 0, 1}}));
}

TEST_CASE("a CZ ring right before a Z readout is reported as seen by no readout", "[analysis]") {
  AnsatzSpec spec;
  spec.block_entangler = Entangler::cz_ring;
  spec.block_order = BlockOrder::re;
  CHECK_THAT(warnings_of(spec), Catch::Contains("4 entangling gates in 1 task block change no output"));
}

TEST_CASE("several outputs of one block with a mean readout are reported as equal", "[analysis]") {
  AnsatzSpec spec;
  spec.block_outputs = {1, 3};
  CHECK_THAT(warnings_of(spec), Catch::Contains("block1 outputs 0 and 1"));
  spec.readout = ReadoutKind::first;
  CHECK_THAT(warnings_of(spec), !Catch::Contains("never differ"));
}

TEST_CASE("a very wide circuit is analysed exactly, register by register", "[analysis]") {
  AnsatzSpec spec;
  spec.qubits = 2048;
  spec.layers = 2;
  spec.block_rotations = {Gate::ry, Gate::rz};
  spec.block_outputs = std::vector<int>(1024, 1);
  CHECK(analyse(build(spec)).dead_params.size() == 1024 * 4);
}
