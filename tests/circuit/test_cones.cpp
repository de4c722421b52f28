// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/circuit/cones/cone_finder.h"
#include "runtime/circuit/cones/support.h"
#include "tests/oracle/cases.h"
#include "tests/oracle/oracle.h"

using namespace qmtl;

namespace {

std::vector<double> pick(const std::vector<double>& whole, const std::vector<int>& numbers) {
  std::vector<double> picked;
  for (int number : numbers) picked.push_back(whole[std::size_t(number)]);
  return picked;
}

/// The cone's outputs and gradients are the whole circuit's, by the oracle; what is outside has zero
/// gradient.
void check_exact(const Circuit& circuit, const Cone& cone, std::uint64_t seed) {
  const auto angles = oracle::uniform(seed, std::size_t(circuit.angles), -3, 3);
  const auto params = oracle::uniform(seed + 1, std::size_t(circuit.params), -3, 3);
  const auto cone_angles = pick(angles, cone.angles), cone_params = pick(params, cone.params);
  const auto cone_cotangents = oracle::uniform(seed + 2, cone.outputs.size(), -1, 1);
  std::vector<double> cotangents(std::size_t(circuit.outputs()), 0.0);
  for (std::size_t o = 0; o < cone.outputs.size(); ++o)
    cotangents[std::size_t(cone.outputs[o])] = cone_cotangents[o];

  // Two double simulations of at most 100 gates; |values| and |weights| are at most a few.
  const double tolerance = 1e-12;
  const auto expected = oracle::values(circuit, angles, params);
  const auto found = oracle::values(cone.circuit, cone_angles, cone_params);
  for (std::size_t o = 0; o < cone.outputs.size(); ++o)
    CHECK(found(Eigen::Index(o)) == Approx(expected(cone.outputs[o])).margin(tolerance));

  const auto whole_gradient = oracle::parameter_shift(circuit, angles, params, cotangents);
  const auto cone_gradient = oracle::parameter_shift(cone.circuit, cone_angles, cone_params, cone_cotangents);
  Eigen::VectorXd scattered_angles = Eigen::VectorXd::Zero(circuit.angles);
  Eigen::VectorXd scattered_params = Eigen::VectorXd::Zero(circuit.params);
  for (std::size_t i = 0; i < cone.angles.size(); ++i)
    scattered_angles(cone.angles[i]) += cone_gradient.angles(Eigen::Index(i));
  for (std::size_t i = 0; i < cone.params.size(); ++i)
    scattered_params(cone.params[i]) += cone_gradient.params(Eigen::Index(i));
  CHECK((scattered_angles - whole_gradient.angles).cwiseAbs().maxCoeff() < tolerance);
  if (circuit.params > 0) CHECK((scattered_params - whole_gradient.params).cwiseAbs().maxCoeff() < tolerance);
}

AnsatzSpec wide(Entangler entangler, int layers, int register_size) {
  AnsatzSpec spec;
  spec.qubits = 64;
  spec.layers = layers;
  spec.entangler = entangler;
  spec.register_size = register_size;
  spec.stride = 16;
  spec.block_outputs = {1, 1};
  return spec;
}

}  // namespace

TEST_CASE("cones give the whole circuit's outputs and gradients for every entangler and readout", "[cones]") {
  std::uint64_t seed = 1;
  for (Entangler entangler : {Entangler::none, Entangler::cx_ring, Entangler::cx_line, Entangler::cz_ring,
                              Entangler::cz_line, Entangler::brickwork_cz})
    for (BlockOrder order : {BlockOrder::er, BlockOrder::re})
      for (ReadoutKind readout :
           {ReadoutKind::first, ReadoutKind::mean, ReadoutKind::weights, ReadoutKind::strings})
        for (const auto& rotations : std::vector<std::vector<Gate>>{
                 {Gate::ry}, {Gate::rz, Gate::rx}, {Gate::rx, Gate::ry, Gate::rz}}) {
          AnsatzSpec spec;
          spec.qubits = 6;
          spec.layers = 1 + int(seed % 2);
          spec.uploads = 1 + int(seed % 3 == 0);
          spec.repeat_uploads = seed % 2;
          spec.rotations = rotations;
          spec.entangler = entangler;
          spec.register_size = 2;
          spec.block_outputs = {1, 2, 1, 1};
          spec.block_rotations = rotations;
          spec.block_entangler = entangler;
          spec.block_order = order;
          spec.readout = readout;
          if (readout == ReadoutKind::strings) spec.strings = {{0}, {0, 1}};
          INFO(oracle::describe(spec));
          const Circuit circuit = build(spec);
          ++seed;
          check_exact(circuit, cone_of(circuit, {int(seed % 4)}), 10 * seed);
          if (seed % 7 == 0) check_exact(circuit, cone_of(circuit, {2, 0}), 10 * seed + 5);
        }
}

TEST_CASE("a cone under cz-line or cz-ring and RY layers has k + 2 Ls qubits", "[cones]") {
  for (Entangler entangler : {Entangler::cz_line, Entangler::cz_ring})
    for (int layers : {0, 1, 2, 3})
      for (int k : {1, 2, 4}) {
        CAPTURE(name(entangler), layers, k);
        const Circuit circuit = build(wide(entangler, layers, k));
        const Cone cone = cone_of(circuit, {1});
        CHECK(cone.circuit.qubits == k + 2 * layers);
        CHECK(cone.qubits.front() == 16 - layers);
        CHECK(cone.circuit.angles == cone.circuit.qubits);
      }
}

TEST_CASE("a cone under rotations of neighbouring pairs has k + 2 qubits, in whatever order the pairs stand",
          "[cones]") {
  for (const char* gate : {"rzz", "rxx", "ryy", "crz"})
    for (PairPattern pattern : {PairPattern::line, PairPattern::reverse_line, PairPattern::pairwise}) {
      AnsatzSpec spec;
      spec.qubits = 200;  // more than strings are known exactly on
      CircuitLayer layer;
      layer.upload = gate_by_name(gate) == Gate::rxx ? Gate::ry : Gate::rx;
      layer.entangler = gate_by_name(gate);
      layer.pattern = pattern;
      spec.stage = {layer};
      spec.register_size = 2;
      spec.stride = 100;
      spec.block_rotations = {Gate::ry};
      spec.block_layers = 1;
      spec.observables = {"X0 X1"};
      spec.block_outputs = {1, 1};
      INFO(gate << ", " << name(pattern));
      const Cone cone = cone_of(build(spec), {1});
      CHECK(cone.qubits == std::vector<int>{99, 100, 101, 102});
    }
}

TEST_CASE("cones of rotations of pairs give the whole circuit's outputs and gradients", "[cones]") {
  std::uint64_t seed = 1000;
  for (const char* gate : {"rzz", "rxx", "ryy", "crx", "cry", "crz", "cp", "rzx"})
    for (const char* observable : {"X0 X1", "Z0", "Y0 Z1", "X1"})
      for (int layers : {1, 2}) {
        AnsatzSpec spec;
        spec.qubits = 6;
        CircuitLayer layer;
        layer.upload = Gate::rx;
        layer.gates = {Gate::ry};
        layer.entangler = gate_by_name(gate);
        layer.pattern = layers == 1 ? PairPattern::line : PairPattern::reverse_line;
        spec.stage.assign(static_cast<std::size_t>(layers), layer);
        if (layers == 2) spec.stage.back().upload.reset();
        spec.register_size = 2;
        spec.block_layers = 1;
        spec.block_entangler = Entangler::none;
        spec.observables = {observable};
        spec.block_outputs = {1, 1, 1};
        INFO(gate << ", " << observable << ", " << layers << " layers");
        const Circuit circuit = build(spec);
        seed += 10;
        check_exact(circuit, cone_of(circuit, {1}), seed);
        check_exact(circuit, cone_of(circuit, {0, 2}), seed + 5);
      }
}

TEST_CASE("a cone under brickwork has at most k + 4 Ls qubits", "[cones]") {
  for (int layers : {1, 2, 3})
    for (int k : {1, 2, 4}) {
      CAPTURE(layers, k);
      CHECK(cone_of(build(wide(Entangler::brickwork_cz, layers, k)), {1}).circuit.qubits <= k + 4 * layers);
    }
}

TEST_CASE("without an entangler a cone is its register", "[cones]") {
  const Cone cone = cone_of(build(wide(Entangler::none, 3, 4)), {1});
  CHECK(cone.qubits == std::vector<int>{16, 17, 18, 19});
  CHECK(cone.outputs == std::vector<int>{1});
}

TEST_CASE("gates that commute with everything behind them are dropped", "[cones]") {
  Circuit circuit;
  circuit.qubits = 3;
  circuit.angles = 1;
  circuit.params = 2;
  circuit.shared = {{Gate::ry, 0, -1, Source::angle, 0},
                    {Gate::cz, 0, 1},
                    {Gate::cz, 1, 2},
                    {Gate::rz, 0, -1, Source::param, 0}};
  circuit.blocks = {{{0, 1}, {{Gate::cx, 1, 2}, {Gate::rz, 0, -1, Source::param, 1}}, {{{{{0}, 1.0, -1}}}}}};
  const Cone cone = cone_of(circuit, {0});
  CHECK(cone.qubits == std::vector<int>{0});
  CHECK(cone.circuit.shared == std::vector<Op>{{Gate::ry, 0, -1, Source::angle, 0}});
  CHECK(cone.circuit.blocks[0].ops.empty());
  CHECK(cone.circuit.blocks[0].qubits == std::vector<int>{0});
  CHECK(cone.params.empty());
}

TEST_CASE("the whole circuit is a cone with identity maps", "[cones]") {
  const Circuit circuit = build(wide(Entangler::cz_ring, 1, 4));
  const Cone cone = whole(circuit);
  CHECK(cone.circuit == circuit);
  CHECK(cone.outputs == std::vector<int>{0, 1});
  CHECK(cone.params.size() == std::size_t(circuit.params));
  CHECK(cone.params.back() == circuit.params - 1);
  CHECK(cone.qubits.size() == 64);
  CHECK(cone.angles.back() == 63);
}

TEST_CASE("blocks are grouped by register in order of first appearance", "[cones]") {
  AnsatzSpec spec;
  spec.block_outputs = {1, 1, 1, 1, 1, 1};  // starts 0 2 4 6 0 2
  CHECK(blocks_by_register(build(spec)) == std::vector<std::vector<int>>{{0, 4}, {1, 5}, {2}, {3}});
}

TEST_CASE("a task group keeps the whole shared stage and its own blocks' outputs and parameters", "[cones]") {
  AnsatzSpec spec;
  spec.qubits = 6;
  spec.register_size = 2;
  spec.readout = ReadoutKind::weights;
  spec.block_outputs = {1, 2, 1};
  const Circuit circuit = build(spec);
  const Cone part = restrict_blocks(circuit, 1, 3);
  CHECK(part.circuit.shared == circuit.shared);
  CHECK(part.circuit.blocks.size() == 2);
  CHECK(part.outputs == std::vector<int>{1, 2, 3});
  CHECK(part.circuit.params == circuit.params - 2 - 2);
  check_exact(circuit, part, 99);
}

TEST_CASE("cones found by their wires hold the gates that a walk over all gates keeps", "[cones]") {
  for (const EntanglerInfo& entangler : entangler_table())
    for (int layers : {0, 1, 2, 5})
      for (bool rotated : {false, true}) {
        INFO(entangler.name << ", " << layers << " layers" << (rotated ? ", rx and rz" : ""));
        AnsatzSpec spec = wide(entangler.kind, layers, 3);
        if (rotated) spec.rotations = {Gate::rx, Gate::rz};
        spec.block_entangler = Entangler::cz_ring;
        const Circuit circuit = build(spec);
        const ConeFinder find(circuit);
        for (const std::vector<int>& blocks : std::vector<std::vector<int>>{{0}, {1}, {0, 1}}) {
          PauliSupport support;
          for (int b : blocks) {
            const Block& block = circuit.blocks[std::size_t(b)];
            PauliSupport own;
            for (const Readout& readout : block.outputs) own.add(readout);
            for (auto op = block.ops.rbegin(); op != block.ops.rend(); ++op) own.push_back(*op);
            support.add(own);
          }
          std::vector<Op> kept;
          for (auto op = circuit.shared.rbegin(); op != circuit.shared.rend(); ++op) {
            if (support.commutes(*op)) continue;
            support.push_back(*op);
            kept.insert(kept.begin(), *op);
          }
          const Cone cone = find(blocks);
          REQUIRE(cone.circuit.shared.size() == kept.size());
          for (std::size_t i = 0; i < kept.size(); ++i) {
            const Op& op = cone.circuit.shared[i];
            CHECK(op.gate == kept[i].gate);
            CHECK(cone.qubits[std::size_t(op.q0)] == kept[i].q0);
            if (op.q1 >= 0) CHECK(cone.qubits[std::size_t(op.q1)] == kept[i].q1);
          }
        }
      }
}
