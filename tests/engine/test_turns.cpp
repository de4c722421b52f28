// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/engine/program.h"
#include "runtime/engine/row_blocks.h"
#include "tests/engine/engine_case.h"
#include "tests/oracle/cases.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

/// Uploads, then controlled rotations by trained numbers from each qubit to the next, around.
AnsatzSpec ring(int qubits, Gate gate, Gate upload = Gate::ry) {
  AnsatzSpec spec;
  spec.qubits = qubits;
  CircuitLayer layer;
  for (int q = 0; q < qubits; ++q) layer.ops.push_back({upload, {q}, {input_number(q)}});
  for (int q = 0; q < qubits; ++q) layer.ops.push_back({gate, {q, (q + 1) % qubits}, {trainable_number(q)}});
  spec.stage = {layer};
  BlockSpec block;
  block.key = "task.one";
  for (int q = 0; q < qubits; ++q) block.qubits.push_back(q);
  block.bare = true;
  block.observables = {"Z0", "X1"};
  spec.block_outputs = {2};
  spec.blocks = {block};
  return spec;
}

}  // namespace

TEST_CASE("controlled rotations that follow each other are turns of one layer", "[engine]") {
  for (Gate gate : {Gate::crx, Gate::cry}) {
    const Circuit circuit = build(ring(5, gate));
    const engine::Program program = engine::compile(circuit, BlockMethod::branch, {});
    REQUIRE(program.shared.size() == 1);
    CHECK(program.shared[0].turns.size() == 5);
    CHECK(program.shared[0].turned_complex == (gate == Gate::crx));
  }
}

TEST_CASE("states whose sums are cut have no turns", "[engine]") {
  const engine::Program program =
      engine::compile(build(ring(engine::blocked_bits, Gate::crx)), BlockMethod::branch, {});
  CHECK(program.turns == 0);
}

TEST_CASE("turns between gates of all kinds agree with the oracle", "[engine][oracle]") {
  for (Gate gate : {Gate::crx, Gate::cry, Gate::crz}) {
    AnsatzSpec spec = ring(4, gate, Gate::rx);
    std::vector<GateUse>& ops = spec.stage[0].ops;
    // Turns by samples and both, a turned control, a qubit between two turns, and a gate that does not
    // commute.
    ops.push_back({gate, {2, 0}, {{0.25, {{0.5, -1, {1}}}}}});
    ops.push_back({gate, {0, 2}, {{0.0, {{0.5, -1, {1}}, {1.0, 4, {}}}}}});
    ops.push_back({Gate::ry, {2}, {trainable_number(5)}});
    ops.push_back({Gate::cx, {2, 3}, {}});
    ops.push_back({gate, {3, 2}, {input_number(2)}});
    ops.push_back({Gate::cz, {3, 2}, {}});
    const Circuit circuit = build(spec);
    const Problem problem = make_problem(
        circuit, oracle::uniform(3, 17 * static_cast<std::size_t>(circuit.angles), -4, 4), true, 5);
    for (PlanKind plan : {PlanKind::state, PlanKind::operators, PlanKind::cones})
      for (SimdTarget target : available_targets()) {
        INFO(info(gate).name << " " << name(plan) << " " << name(target));
        check_against_oracle(problem, run(make_engine<float>(problem, plan, target), problem, 17), 17);
        check_against_oracle(problem, run(make_engine<double>(problem, plan, target), problem, 17), 17);
      }
  }
}
