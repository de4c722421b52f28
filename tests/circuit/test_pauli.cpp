// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/circuit/cones/cones.h"
#include "runtime/circuit/pauli/pauli.h"
#include "tests/oracle/cases.h"
#include "tests/oracle/oracle.h"

using namespace qmtl;

namespace {

/// Adds up an expansion as its definition says, without sharing anything.
std::vector<double> evaluate(const PauliExpansion& e, const std::vector<double>& angles,
                             const std::vector<double>& params) {
  const auto total = [&](const PauliAngle& angle) {
    double sum = 0;
    for (int a : angle.angles) sum += angles[static_cast<std::size_t>(a)];
    for (int p : angle.params) sum += params[static_cast<std::size_t>(p)];
    return sum;
  };
  std::vector<double> vertices(static_cast<std::size_t>(e.vertices), 0.0), terms(e.terms(), 0.0), values;
  for (const PauliRoot& r : e.roots) {
    double w = r.weight;
    for (int p : {r.first, r.second})
      if (p >= 0) w *= params[static_cast<std::size_t>(p)];
    vertices[static_cast<std::size_t>(r.vertex)] += w;
  }
  for (const PauliEdge& edge : e.edges) {
    const double angle = total(e.constant[static_cast<std::size_t>(edge.angle)]);
    vertices[static_cast<std::size_t>(edge.to)] +=
        edge.sign * (edge.trig == Trig::cos ? std::cos(angle) : std::sin(angle)) *
        vertices[static_cast<std::size_t>(edge.from)];
  }
  for (const PauliLeaf& leaf : e.leaves)
    terms[static_cast<std::size_t>(leaf.term)] += leaf.sign * vertices[static_cast<std::size_t>(leaf.vertex)];
  for (std::size_t v = 0; v + 1 < e.first.size(); ++v) {
    double sum = 0;
    for (int t = e.first[v]; t < e.first[v + 1]; ++t) {
      double product = terms[static_cast<std::size_t>(t)];
      for (int n = e.term_node[static_cast<std::size_t>(t)]; n > 0;
           n = e.nodes[static_cast<std::size_t>(n)].parent) {
        const int factor = e.nodes[static_cast<std::size_t>(n)].factor;
        const double angle = total(e.sample[static_cast<std::size_t>(factor / 2)]);
        product *= factor % 2 ? std::sin(angle) : std::cos(angle);
      }
      sum += product;
    }
    values.push_back(sum);
  }
  return values;
}

AnsatzSpec shallow(int qubits) {
  AnsatzSpec spec;
  spec.qubits = qubits;
  spec.entangler = Entangler::cz_ring;
  spec.readout = ReadoutKind::first;
  spec.register_size = 1;
  spec.stride = 1;
  return spec;
}

}  // namespace

TEST_CASE("a readout behind one CZ ring is the closed form of two products", "[pauli]") {
  const Circuit circuit = build(shallow(5));
  const auto expansion = expand_pauli(circuit, false);
  REQUIRE(expansion);
  // <Z_0> = cos b cos a_0 - sin b sin a_0 cos a_1 cos a_4, with b the block's angle (parameter 5).
  CHECK(expansion->terms() == 2);
  CHECK(expansion->sample.size() == 3);
  CHECK(describe_pauli(*expansion, 0) == "cos(p5) cos(a0+p0) - sin(p5) cos(a4+p4) cos(a1+p1) sin(a0+p0)");
}

TEST_CASE("an expansion adds up to the oracle's outputs and second moments", "[pauli][oracle]") {
  std::size_t cases = 0;
  for (Entangler entangler :
       {Entangler::none, Entangler::cz_ring, Entangler::cx_ring, Entangler::brickwork_cz})
    for (int layers : {0, 1, 2})
      for (const std::vector<Gate>& gates :
           {std::vector<Gate>{Gate::ry}, {Gate::rx, Gate::rz}, {Gate::rz, Gate::ry}})
        for (ReadoutKind readout : {ReadoutKind::mean, ReadoutKind::weights}) {
          AnsatzSpec spec = shallow(4);
          spec.entangler = entangler;
          spec.layers = layers;
          spec.rotations = spec.block_rotations = gates;
          spec.register_size = 2;
          spec.readout = readout;
          spec.uploads = layers > 1 ? 2 : 1;
          spec.upload = layers % 2 ? Gate::rx : Gate::ry;
          spec.block_entangler = Entangler::cz_line;
          spec.block_outputs = {1, 2};
          const Circuit circuit = build(spec);
          const auto seed = static_cast<std::uint64_t>(++cases);
          const auto angles = oracle::uniform(seed, static_cast<std::size_t>(circuit.angles), -4, 4);
          const auto params = oracle::uniform(seed + 1000, static_cast<std::size_t>(circuit.params), -4, 4);
          const auto expansion = expand_pauli(circuit, true, 1 << 20);
          INFO(oracle::describe(spec));
          REQUIRE(expansion);
          const std::vector<double> found = evaluate(*expansion, angles, params);
          const Eigen::VectorXd expected = oracle::values(circuit, angles, params, true);
          REQUIRE(found.size() == static_cast<std::size_t>(expected.size()));
          // Both sum at most a few hundred products of numbers up to 1 (weights up to 16) in double.
          for (std::size_t v = 0; v < found.size(); ++v)
            CHECK(found[v] == Approx(expected[static_cast<Eigen::Index>(v)]).margin(1e-12));
        }
}

TEST_CASE("an expansion keeps only what its terms need", "[pauli]") {
  AnsatzSpec spec = shallow(40);
  spec.block_outputs.assign(20, 1);
  spec.stride = 2;
  const auto expansion = expand_pauli(build(spec), false);
  REQUIRE(expansion);
  // 20 readouts of two products each; the even qubits' angles and both neighbours': all 40.
  CHECK(expansion->terms() == 40);
  CHECK(expansion->sample.size() == 40);
  CHECK(expansion->constant.size() == 20);
  std::vector<int> used(expansion->nodes.size(), 0);
  for (int node : expansion->term_node) used[static_cast<std::size_t>(node)] = 1;
  for (std::size_t n = expansion->nodes.size(); n-- > 1;) {
    CHECK(used[n] == 1);
    used[static_cast<std::size_t>(expansion->nodes[n].parent)] = 1;
    CHECK(expansion->nodes[n].parent < static_cast<int>(n));
  }
}

TEST_CASE("blocks wider than a mask are expanded output by output", "[pauli][oracle]") {
  AnsatzSpec spec = shallow(70);
  spec.placement = Placement::global;
  spec.layers = 0;
  spec.block_layers = 2;
  spec.block_entangler = Entangler::cz_ring;
  spec.block_order = BlockOrder::re;
  spec.block_outputs = {70, 70};
  const Circuit circuit = build(spec);
  const auto expansion = expand_pauli(circuit, true);
  REQUIRE(expansion);
  const auto angles = oracle::uniform(1, 70, -4, 4);
  const auto params = oracle::uniform(2, static_cast<std::size_t>(circuit.params), -4, 4);
  const std::vector<double> found = evaluate(*expansion, angles, params);
  REQUIRE(found.size() == 280);
  for (std::size_t block : {0u, 1u})
    for (std::size_t output : {0u, 33u, 69u}) {
      // Each output sees its own qubit and two neighbours: few enough for the oracle.
      Circuit one = circuit;
      one.blocks = {circuit.blocks[block]};
      one.blocks[0].outputs = {circuit.blocks[block].outputs[output]};
      const Cone cone = cone_of(one, {0});
      REQUIRE(cone.circuit.qubits == 3);
      std::vector<double> own_angles, own_params;
      for (int a : cone.angles) own_angles.push_back(angles[static_cast<std::size_t>(a)]);
      for (int p : cone.params) own_params.push_back(params[static_cast<std::size_t>(p)]);
      const Eigen::VectorXd expected = oracle::values(cone.circuit, own_angles, own_params, true);
      // A few products of numbers up to 1 in double.
      CHECK(found[70 * block + output] == Approx(expected[0]).margin(1e-13));
      CHECK(found[140 + 70 * block + output] == Approx(expected[1]).margin(1e-13));
    }
}

TEST_CASE("an output with more strings than the limit, or a cone beyond 64 qubits, is not expanded",
          "[pauli]") {
  AnsatzSpec spec = shallow(8);
  spec.layers = 3;
  spec.rotations = {Gate::ry, Gate::rz};
  const Circuit circuit = build(spec);
  const auto expansion = expand_pauli(circuit, false);
  REQUIRE(expansion);
  CHECK_FALSE(expand_pauli(circuit, false, 8));
  AnsatzSpec wide = shallow(70);
  wide.entangler = Entangler::cx_ring;
  CHECK_FALSE(expand_pauli(build(wide), false));
}
