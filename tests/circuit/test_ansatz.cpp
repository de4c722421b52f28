// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>

#include "runtime/circuit/ansatz/ansatz.h"
#include "tests/circuit/refusal.h"
#include "tests/oracle/cases.h"

using namespace qmtl;

namespace {

using Pairs = std::vector<std::pair<int, int>>;

Pairs pairs(const std::vector<Op>& ops) {
  Pairs result;
  for (const Op& op : ops) result.emplace_back(op.q0, op.q1);
  return result;
}

}  // namespace

TEST_CASE("entanglers place their gates as documented", "[ansatz]") {
  const std::vector<int> q{4, 5, 6, 7};
  CHECK(entangle(Entangler::none, q, 0).empty());
  CHECK(pairs(entangle(Entangler::cx_line, q, 0)) == Pairs{{4, 5}, {5, 6}, {6, 7}});
  CHECK(pairs(entangle(Entangler::cx_ring, q, 0)) == Pairs{{4, 5}, {5, 6}, {6, 7}, {7, 4}});
  CHECK(pairs(entangle(Entangler::cz_line, q, 3)) == Pairs{{4, 5}, {5, 6}, {6, 7}});
  CHECK(pairs(entangle(Entangler::cz_ring, q, 1)) == Pairs{{4, 5}, {5, 6}, {6, 7}, {7, 4}});
  CHECK(pairs(entangle(Entangler::brickwork_cz, q, 0)) == Pairs{{4, 5}, {6, 7}});
  CHECK(pairs(entangle(Entangler::brickwork_cz, q, 1)) == Pairs{{5, 6}});
  CHECK(entangle(Entangler::cx_ring, q, 0).front().gate == Gate::cx);
  CHECK(entangle(Entangler::cz_ring, q, 0).front().gate == Gate::cz);
}

TEST_CASE("a ring of two qubits has one gate and of one qubit none", "[ansatz]") {
  for (Entangler ring : {Entangler::cx_ring, Entangler::cz_ring}) {
    CHECK(entangle(ring, {0, 1}, 0).size() == 1);
    CHECK(entangle(ring, {0}, 0).empty());
  }
}

TEST_CASE("the default circuit is one upload, shared layers and one RY per register qubit", "[ansatz]") {
  AnsatzSpec spec;
  spec.qubits = 6;
  spec.layers = 2;
  spec.block_outputs = {1, 1, 1};
  const Circuit circuit = build(spec);
  CHECK(circuit.angles == 6);
  CHECK(circuit.params == 6 * 2 + 3 * 4);
  CHECK(circuit.shared.size() == 6 + 2 * (6 + 6));
  CHECK(circuit.shared[5] == Op{Gate::ry, 5, -1, Source::angle, 5});
  CHECK(circuit.shared[6] == Op{Gate::ry, 0, -1, Source::param, 0});
  CHECK(circuit.shared[12] == Op{Gate::cz, 0, 1, Source::none, -1});
  REQUIRE(circuit.blocks.size() == 3);
  CHECK(circuit.blocks[2].qubits == std::vector<int>{4, 5, 0, 1});  // wraps around
  CHECK(circuit.blocks[2].ops[2] == Op{Gate::ry, 0, -1, Source::param, 12 + 8 + 2});
  REQUIRE(circuit.blocks[1].outputs.size() == 1);
  CHECK(circuit.blocks[1].outputs[0].strings.size() == 4);
  CHECK(circuit.blocks[1].outputs[0].strings[0] == ZString{{2}, 0.25, -1});
}

TEST_CASE("uploads stand before shared layer floor(u layers / uploads)", "[ansatz]") {
  // layers, uploads -> number of shared layers before each upload
  const std::vector<std::tuple<int, int, std::vector<int>>> cases{
      {2, 1, {0}},       {2, 2, {0, 1}}, {3, 2, {0, 1}},   {4, 2, {0, 2}},
      {1, 3, {0, 0, 0}}, {0, 2, {0, 0}}, {5, 3, {0, 1, 3}}};
  for (const auto& [layers, uploads, expected] : cases)
    for (bool repeat : {false, true}) {
      AnsatzSpec spec;
      spec.qubits = 2;
      spec.register_size = 2;
      spec.layers = layers;
      spec.uploads = uploads;
      spec.repeat_uploads = repeat;
      spec.entangler = Entangler::none;
      CAPTURE(oracle::describe(spec));
      const Circuit circuit = build(spec);
      std::vector<int> found;
      int params = 0, angles = 0;
      for (const Op& op : circuit.shared) {
        if (op.source == Source::param) ++params;
        if (op.source != Source::angle) continue;
        if (op.q0 == 0) found.push_back(params / 2);
        CHECK(op.index == (repeat ? op.q0 : angles));
        ++angles;
      }
      CHECK(found == expected);
      CHECK(circuit.angles == (repeat ? 2 : 2 * uploads));
    }
}

TEST_CASE("block order er puts the entangler before the rotations and re after them", "[ansatz]") {
  AnsatzSpec spec;
  spec.qubits = 4;
  spec.block_layers = 2;
  spec.block_rotations = {Gate::rz, Gate::ry};
  spec.block_entangler = Entangler::cx_line;
  const auto gates = [&] {
    std::string text;
    const Circuit circuit = build(spec);
    for (const Op& op : circuit.blocks[0].ops) text += info(op.gate).name[1];
    return text;
  };
  CHECK(gates() == "xxxzzzzyyyyxxxzzzzyyyy");
  spec.block_order = BlockOrder::re;
  CHECK(gates() == "zzzzyyyyxxxzzzzyyyyxxx");
}

TEST_CASE("outputs of one block measure the readout rotated along the register", "[ansatz]") {
  AnsatzSpec spec;
  spec.block_outputs = {3};
  spec.register_size = 3;
  spec.readout = ReadoutKind::first;
  for (int output = 0; output < 3; ++output)
    CHECK(build(spec).blocks[0].outputs[std::size_t(output)].strings ==
          std::vector<ZString>{{{output}, 1.0, -1}});
  spec.readout = ReadoutKind::strings;
  spec.strings = {{0}, {0, 2}};
  const Circuit circuit = build(spec);
  CHECK(circuit.blocks[0].outputs[0].strings == std::vector<ZString>{{{0}, 0.5, -1}, {{0, 2}, 0.5, -1}});
  CHECK(circuit.blocks[0].outputs[1].strings == std::vector<ZString>{{{1}, 0.5, -1}, {{0, 1}, 0.5, -1}});
}

TEST_CASE("the layout names every parameter once and its parts add up", "[ansatz]") {
  for (ReadoutKind readout : {ReadoutKind::mean, ReadoutKind::weights})
    for (Placement placement : {Placement::local, Placement::global}) {
      AnsatzSpec spec;
      spec.qubits = 6;
      spec.rotations = {Gate::rz, Gate::ry};
      spec.placement = placement;
      spec.readout = readout;
      spec.block_outputs = {1, 2};
      CAPTURE(oracle::describe(spec));
      const ParamLayout parts = layout(spec);
      const std::vector<std::string> names = parts.names();
      CHECK(parts.total == build(spec).params);
      CHECK(names.size() == std::size_t(parts.total));
      CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
      CHECK(parts.shared == 12);
      CHECK(parts.block_begin.size() == 3);
      CHECK(parts.block_begin.front() == parts.shared);
      CHECK(parts.block_begin.back() == parts.weights_begin);
      CHECK(names[6] == "shared.l0.ry.q0");
      const int k = placement == Placement::global ? 6 : 4;
      CHECK(names[std::size_t(12 + k)] ==
            (placement == Placement::global ? "block1.l0.ry.q0" : "block1.l0.ry.q2"));
      CHECK(parts.total - parts.weights_begin == (readout == ReadoutKind::weights ? 3 * k : 0));
      if (readout == ReadoutKind::weights) CHECK(names.back().rfind("block1.out1.weight.q", 0) == 0);
    }
}

TEST_CASE("parameters appear in the circuit in the order of their numbers", "[ansatz]") {
  AnsatzSpec spec;
  spec.layers = 2;
  spec.uploads = 2;
  spec.block_layers = 2;
  spec.readout = ReadoutKind::weights;
  spec.block_outputs = {1, 2};
  const Circuit circuit = build(spec);
  int next = 0;
  const auto walk = [&](const std::vector<Op>& ops) {
    for (const Op& op : ops)
      if (op.source == Source::param) CHECK(op.index == next++);
  };
  walk(circuit.shared);
  for (const Block& block : circuit.blocks) walk(block.ops);
  for (const Block& block : circuit.blocks)
    for (const Readout& readout : block.outputs)
      for (const ZString& string : readout.strings) CHECK(string.weight_param == next++);
  CHECK(next == circuit.params);
}

TEST_CASE("a value that cannot be built is refused with its key, the value and what was expected",
          "[ansatz]") {
  const auto refused = [](auto&& change) {
    AnsatzSpec spec;
    change(spec);
    return test::message_of(spec);
  };
  using Catch::Contains;
  CHECK_THAT(refused([](AnsatzSpec& s) { s.qubits = 0; }),
             Contains("circuit.qubits = 0") && Contains("from 1"));
  CHECK_THAT(refused([](AnsatzSpec& s) { s.uploads = 0; }), Contains("circuit.uploads = 0"));
  CHECK_THAT(refused([](AnsatzSpec& s) { s.layers = -1; }), Contains("circuit.layers = -1"));
  CHECK_THAT(refused([](AnsatzSpec& s) { s.upload = Gate::rz; }), Contains("circuit.upload = \"rz\""));
  CHECK_THAT(refused([](AnsatzSpec& s) {
               s.rotations = {Gate::ry, Gate::cx};
             }),
             Contains("circuit.rotations[1] = \"cx\""));
  CHECK_THAT(refused([](AnsatzSpec& s) { s.block_rotations = {}; }), Contains("block.rotations is empty"));
  CHECK_THAT(refused([](AnsatzSpec& s) { s.block_layers = -2; }), Contains("block.layers = -2"));
  CHECK_THAT(refused([](AnsatzSpec& s) { s.register_size = 9; }),
             Contains("block.size = 9") && Contains("circuit.qubits = 8"));
  CHECK_THAT(refused([](AnsatzSpec& s) { s.stride = -1; }), Contains("block.stride = -1"));
  CHECK_THAT(refused([](AnsatzSpec& s) {
               s.block_outputs = {1, 1, 1};
               s.registers = {{0, 1}, {2, 3}, {4, 9}};
             }),
             Contains("block.registers[2][1] = 9 is not a qubit 0..7"));
  CHECK_THAT(refused([](AnsatzSpec& s) {
               s.registers = {{3, 3}};
             }),
             Contains("block.registers[0][1] = 3 occurs twice"));
  CHECK_THAT(refused([](AnsatzSpec& s) { s.registers = {{}}; }), Contains("block.registers[0] is empty"));
  CHECK_THAT(refused([](AnsatzSpec& s) {
               s.registers = {{0}, {1}};
             }),
             Contains("block.registers has 2 registers: expected 1"));
  CHECK_THAT(refused([](AnsatzSpec& s) {
               s.placement = Placement::global;
               s.registers = {{0}};
             }),
             Contains("block.placement"));
  CHECK_THAT(refused([](AnsatzSpec& s) { s.readout = ReadoutKind::strings; }),
             Contains("block.strings is empty"));
  CHECK_THAT(refused([](AnsatzSpec& s) {
               s.readout = ReadoutKind::strings;
               s.strings = {{0}, {1, 4}};
             }),
             Contains("block.strings[1][1] = 4 is not a register position 0..3"));
  CHECK_THAT(refused([](AnsatzSpec& s) { s.strings = {{0}}; }), Contains("block.strings is given"));
  CHECK_THAT(refused([](AnsatzSpec& s) { s.block_outputs = {}; }), Contains("no task block"));
  CHECK_THAT(refused([](AnsatzSpec& s) { s.block_outputs = {1, 0}; }), Contains("outputs of block 1 = 0"));
  CHECK_THAT(refused([](AnsatzSpec& s) {
               s.qubits = 1000000;
               s.layers = 60000;
             }),
             Contains("gates"));
}

TEST_CASE("names are parsed back and unknown ones list the choices", "[ansatz]") {
  for (Entangler value : {Entangler::none, Entangler::cx_ring, Entangler::cx_line, Entangler::cz_ring,
                          Entangler::cz_line, Entangler::brickwork_cz})
    CHECK(parse_entangler(name(value)) == value);
  for (Placement value : {Placement::global, Placement::local}) CHECK(parse_placement(name(value)) == value);
  for (BlockOrder value : {BlockOrder::er, BlockOrder::re}) CHECK(parse_block_order(name(value)) == value);
  for (ReadoutKind value :
       {ReadoutKind::first, ReadoutKind::mean, ReadoutKind::weights, ReadoutKind::strings})
    CHECK(parse_readout_kind(name(value)) == value);
  CHECK_THROWS_WITH(parse_entangler("cz_ring"),
                    Catch::Contains("cz_ring") && Catch::Contains("brickwork-cz"));
}
