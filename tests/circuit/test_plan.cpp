// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/circuit/plan/plan.h"

using namespace qmtl;

namespace {

AnsatzSpec digits(int layers) {
  AnsatzSpec spec;
  spec.qubits = 20;
  spec.layers = layers;
  spec.block_outputs.assign(10, 1);
  return spec;
}

const Alternative& alternative(const Plan& plan, PlanKind kind) {
  for (const Alternative& other : plan.alternatives)
    if (other.kind == kind) return other;
  FAIL("no alternative " << name(kind));
  return plan.alternatives.front();
}

}  // namespace

TEST_CASE("the default model is planned as a Pauli expansion, deeper ones by cones", "[plan]") {
  const Plan shallow = make_plan(build(digits(1)));
  CHECK(shallow.kind == PlanKind::pauli);
  CHECK(shallow.widest == 0);
  CHECK(shallow.terms == 80);
  AnsatzSpec deep = digits(2);
  deep.rotations = deep.block_rotations = {Gate::ry, Gate::rz, Gate::ry};
  deep.block_layers = 3;
  deep.block_entangler = Entangler::cz_ring;
  CHECK(make_plan(build(deep)).kind == PlanKind::cones);
}

TEST_CASE("a circuit of CX rings is planned as one state, many tasks on its registers as operators",
          "[plan]") {
  AnsatzSpec spec;
  spec.qubits = 8;
  spec.layers = 3;
  spec.rotations = spec.block_rotations = {Gate::ry, Gate::rz};
  spec.entangler = spec.block_entangler = Entangler::cx_ring;
  spec.block_layers = 2;
  spec.placement = Placement::global;
  CHECK(make_plan(build(spec)).widest == 8);  // as a whole, or as the one cone without its dead gates
  spec.placement = Placement::local;
  spec.stride = 4;
  spec.block_outputs.assign(64, 1);
  CHECK(make_plan(build(spec)).kind == PlanKind::operators);
}

TEST_CASE("the alternatives hold every kind, cheapest first, and the plan is the first", "[plan]") {
  const Plan plan = make_plan(build(digits(2)));
  REQUIRE(plan.alternatives.size() >= 4);
  CHECK(plan.alternatives.front().kind == plan.kind);
  CHECK(plan.alternatives.front().cost.seconds == plan.cost.seconds);
  for (std::size_t i = 1; i < plan.alternatives.size(); ++i)
    if (plan.alternatives[i].obstacle.empty())
      CHECK(plan.alternatives[i - 1].cost.seconds <= plan.alternatives[i].cost.seconds);
  CHECK(alternative(plan, PlanKind::cones).widest == 8);
  CHECK(alternative(plan, PlanKind::state).widest == 20);
}

TEST_CASE("what does not fit is an obstacle with its numbers, never an allocation", "[plan]") {
  PlanOptions small;
  small.memory_limit = 1e6;
  const Plan plan = make_plan(build(digits(1)), PlanKind::automatic, small);
  CHECK_THAT(alternative(plan, PlanKind::state).obstacle, Catch::Contains("20 qubits needs 0.47 GB"));
  AnsatzSpec ring = digits(1);
  ring.qubits = 2048;
  ring.entangler = Entangler::cx_ring;
  for (PlanKind kind : {PlanKind::automatic, PlanKind::state, PlanKind::operators, PlanKind::cones,
                        PlanKind::pauli, PlanKind::mixed}) {
    CAPTURE(name(kind));
    CHECK_THROWS_WITH(make_plan(build(ring), kind),
                      Catch::Contains("2048 qubits") && Catch::Contains("circuit.layers"));
  }
}

TEST_CASE("1024 tasks on 2048 qubits are planned in parts of bounded size", "[plan]") {
  AnsatzSpec spec = digits(2);
  spec.qubits = 2048;
  spec.entangler = Entangler::cz_line;
  spec.block_outputs.assign(1024, 1);
  const Circuit circuit = build(spec);
  const Plan cones = make_plan(circuit, PlanKind::cones);
  CHECK(cones.parts.size() == 1024);
  CHECK(cones.widest == 8);  // k + 2 Ls
  const Plan pauli = make_plan(circuit);
  CHECK(pauli.kind == PlanKind::pauli);
  std::vector<int> outputs;
  for (const Part& part : pauli.parts) {
    CHECK(part.method == BlockMethod::pauli);
    outputs.insert(outputs.end(), part.cone.outputs.begin(), part.cone.outputs.end());
  }
  std::sort(outputs.begin(), outputs.end());
  REQUIRE(outputs.size() == 1024);
  for (int o = 0; o < 1024; ++o) CHECK(outputs[static_cast<std::size_t>(o)] == o);
}

TEST_CASE("registers whose cones are the same qubits are simulated together", "[plan]") {
  AnsatzSpec spec;
  spec.qubits = 8;
  spec.layers = 2;
  spec.entangler = Entangler::cx_ring;
  spec.rotations = spec.block_rotations = {Gate::ry, Gate::rz};
  spec.block_layers = 2;
  spec.stride = 4;
  spec.block_outputs.assign(2, 1);
  const Circuit circuit = build(spec);
  const Plan plan = make_plan(circuit, PlanKind::cones);
  REQUIRE(plan.parts.size() == 1);
  CHECK(plan.parts[0].cone.outputs == std::vector<int>{0, 1});
  CHECK(plan.cost.seconds <= 1.01 * make_plan(circuit, PlanKind::operators).cost.seconds);
}

TEST_CASE("other rates lead to another plan, and the same model always to the same", "[plan]") {
  PlanOptions options;
  options.model.expansion = 1e6;
  const Circuit circuit = build(digits(1));
  CHECK(make_plan(circuit, PlanKind::automatic, options).kind == PlanKind::cones);
  CHECK(make_plan(circuit).kind == make_plan(circuit).kind);
  CHECK(make_plan(circuit).cost.seconds == make_plan(circuit).cost.seconds);
}

TEST_CASE("names of plans are read back, and a wrong one lists the choices", "[plan]") {
  for (PlanKind kind : {PlanKind::automatic, PlanKind::state, PlanKind::operators, PlanKind::cones,
                        PlanKind::pauli, PlanKind::mixed})
    CHECK(parse_plan_kind(name(kind)) == kind);
  CHECK_THROWS_WITH(parse_plan_kind("fast"),
                    Catch::Contains("auto, state, operators, cones, pauli or mixed"));
}
