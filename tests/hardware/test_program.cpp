// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "hardware/program.h"
#include "runtime/base/error.h"

using namespace qmtl;

namespace {

DeviceProgram small() {
  DeviceProgram program;
  program.name = "small";
  program.qubits = 2;
  program.inputs = {"a0", "a1"};
  program.ops = {{DeviceGate::ry, 0, -1, {0.5, {{0, 2.0}, {1, -1.0}}}}, {DeviceGate::cz, 0, 1, {}}};
  program.measured = {1, 0};
  return program;
}

}  // namespace

TEST_CASE("Binding a program puts the inputs' values into its angles", "[program]") {
  const double inputs[] = {0.25, 3.0};
  const DeviceProgram bound = with_inputs(small(), inputs);
  CHECK(bound.inputs.empty());
  CHECK(bound.ops[0].angle == AngleSum{0.5 + 2.0 * 0.25 - 3.0, {}});
  CHECK_NOTHROW(check(bound));
  CHECK_THROWS_WITH(with_inputs(small(), std::span(inputs).first(1)),
                    Catch::Contains("expected 2 inputs, found 1"));
}

TEST_CASE("A program that makes no sense is refused with its name", "[program]") {
  using Break = void (*)(DeviceProgram&);
  const std::pair<const char*, Break> cases[] = {
      {"qubit out of range", [](DeviceProgram& p) { p.ops[1].q1 = 2; }},
      {"two-qubit gate on one qubit", [](DeviceProgram& p) { p.ops[1].q1 = 0; }},
      {"second qubit of a one-qubit gate", [](DeviceProgram& p) { p.ops[0].q1 = 1; }},
      {"unknown input", [](DeviceProgram& p) { p.ops[0].angle.terms[1].input = 2; }},
      {"inputs out of order", [](DeviceProgram& p) { std::swap(p.inputs[0], p.inputs[1]); }},
      {"angle of a fixed gate", [](DeviceProgram& p) { p.ops[1].angle.constant = 1.0; }},
      {"qubit read twice",
       [](DeviceProgram& p) {
         p.measured = {1, 1};
       }},
      {"name with a space", [](DeviceProgram& p) { p.name = "a b"; }},
  };
  for (const auto& [what, damage] : cases) {
    INFO(what);
    DeviceProgram program = small();
    damage(program);
    CHECK_THROWS_AS(check(program), Error);
  }
}
