// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/circuit/observable.h"
#include "tests/oracle/oracle.h"

using namespace qmtl;

namespace {

std::string message_of(const std::string& text, int positions = 3) {
  try {
    parse_observable(text, positions, "task.t.observables[0]");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    return error.what();
  }
  return "no error";
}

/// The expectations of the observables of one block on RX(0.3), RY(0.9), CX of two qubits, by the oracle.
std::vector<double> measured(const std::vector<std::string>& observables, Assembly* made = nullptr) {
  AnsatzSpec spec;
  spec.qubits = 2;
  CircuitLayer layer;
  layer.ops = {{Gate::rx, {0}, {{0.3, {}}}}, {Gate::ry, {1}, {input_number(0)}}, {Gate::cx, {1, 0}, {}}};
  spec.stage = {layer};
  spec.blocks = {{"task.t", {0, 1}, {}, true, observables}};
  spec.block_outputs = {static_cast<int>(observables.size())};
  const Assembly assembly = assemble(spec);
  if (made) *made = assembly;
  const double angle = 0.9;
  const Eigen::VectorXd values = oracle::values(assembly.circuit, {&angle, 1}, {});
  std::vector<double> sums;
  for (const std::vector<int>& outputs : assembly.outputs) {
    sums.push_back(0);
    for (int output : outputs) sums.back() += values(output);
  }
  return sums;
}

}  // namespace

TEST_CASE("an observable is read as the sum that it says", "[observable]") {
  using Terms = std::vector<PauliTerm>;
  CHECK(parse_observable("Z0", 3, "k") == Terms{{{0}, "Z", 1.0, false}});
  CHECK(parse_observable("X0 X1", 3, "k") == Terms{{{0, 1}, "XX", 1.0, false}});
  CHECK(parse_observable("Y2 X0", 3, "k") == Terms{{{0, 2}, "XY", 1.0, false}});
  CHECK(parse_observable(" -0.5*Z1 + 2e-1 Y0@Z2 - 3", 3, "k") ==
        Terms{{{1}, "Z", -0.5, false}, {{0, 2}, "YZ", 0.2, false}, {{}, "", -3.0, false}});
  CHECK(parse_observable("w Z0 + w X1", 3, "k") == Terms{{{0}, "Z", 0.5, true}, {{1}, "X", 0.5, true}});
  const Terms probability = parse_observable("P01", 2, "k");
  REQUIRE(probability.size() == 4);
  double identity = 0, zero = 0;
  for (const PauliTerm& term : probability) {
    if (term.positions.empty()) identity += term.weight;
    if (term.positions == std::vector<int>{0}) zero += term.weight;
  }
  CHECK(identity == 0.25);
  CHECK(zero == -0.25);
}

TEST_CASE("what is no observable is refused with its place", "[observable]") {
  for (const auto& [text, fragment] :
       std::vector<std::pair<std::string, std::string>>{{"", "a number or a Pauli"},
                                                        {"Z", "the position of a qubit"},
                                                        {"Z3", "from 0 to 2"},
                                                        {"Z0 Z0", "0 twice"},
                                                        {"Z0 +", "the end"},
                                                        {"Z0 ^ Z1", "'^ Z1'"},
                                                        {"1e999 Z0", "finite"},
                                                        {"i Z0", "'i Z0'"},
                                                        {"w", "a Pauli such as Z0"},
                                                        {"P01", "3 bits"},
                                                        {"Z99999999999", "position"}}) {
    CAPTURE(text);
    const std::string message = message_of(text);
    CHECK_THAT(message, Catch::Contains(fragment));
    CHECK_THAT(message, Catch::StartsWith("task.t.observables[0] = "));
  }
  CHECK_THAT(message_of("P00000000000", 11), Catch::Contains("at most 10 qubits"));
}

TEST_CASE("expectations of X, Y and Z are those of the state", "[observable]") {
  // By hand: RX(a) on qubit 0, RY(b) on 1, CX from 1 to 0. With CX X0 -> X0, Z0 -> Z0 Z1, Y0 -> Y0 Z1, Z1 ->
  // Z1, X1 -> X0 X1, Y1 -> X0 Y1 and <Y0> = -sin a, <Z0> = cos a, <X1> = sin b, <Z1> = cos b before it.
  const double a = 0.3, b = 0.9, rounding = 1e-14;
  const std::vector<double> found = measured({"Z0", "Z1", "X0 X1", "Y0", "Y0 Y1", "Z0 Z1", "X0"});
  CHECK(std::abs(found[0] - std::cos(a) * std::cos(b)) < rounding);
  CHECK(std::abs(found[1] - std::cos(b)) < rounding);
  CHECK(std::abs(found[2] - std::sin(b)) < rounding);
  CHECK(std::abs(found[3] - -std::sin(a) * std::cos(b)) < rounding);
  CHECK(std::abs(found[4] - -std::cos(a) * std::sin(b)) < rounding);  // Z1 Y1 Y0 X0 = -X1 Z0
  CHECK(std::abs(found[5] - std::cos(a)) < rounding);
  CHECK(std::abs(found[6]) < rounding);
}

TEST_CASE("strings that can be read together share a branch, others are summed", "[observable]") {
  Assembly made;
  const std::vector<double> one = measured({"Z0", "X0 X1", "Z1"}, &made);
  CHECK(made.circuit.blocks.size() == 2);
  CHECK_FALSE(made.plain());
  CHECK(made.outputs == std::vector<std::vector<int>>{{0}, {2}, {1}});
  const std::vector<double> sum = measured({"0.5 Z0 - 2 X0 X1 + 0.25", "P00", "P01", "P10", "P11"}, &made);
  CHECK(made.outputs[0].size() == 2);
  CHECK(std::abs(sum[0] - (0.5 * one[0] - 2 * one[1] + 0.25)) < 1e-14);
  CHECK(std::abs(sum[1] + sum[2] + sum[3] + sum[4] - 1) < 1e-14);
  // P(q1 = 0) = (1 + <Z1>) / 2.
  CHECK(std::abs(sum[1] + sum[2] - (1 + one[2]) / 2) < 1e-14);
}
