// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/noise/drawn_properties.h"

using namespace qmtl;

namespace {

BackendProperties listed_device() {
  BackendProperties made;
  made.name = "listed";
  for (int q = 0; q < 3; ++q) made.qubits.push_back({1e-4 * (q + 1), 8e-5, 0.01, 0.03, 1e-6, true});
  made.qubits[2].p0_given_1 = std::nullopt;
  made.gates = {{"sx", {0}, 3e-4, 3e-8, true},    {"x", {0}, 3e-4, 3e-8, true},
                {"rz", {0}, 0.0, 0.0, true},      {"cz", {0, 1}, 0.01, 7e-8, true},
                {"cz", {1, 0}, 0.01, 7e-8, true}, {"cz", {1, 2}, 1.0, 7e-8, true}};
  return made;
}

}  // namespace

TEST_CASE("A drawn device moves about what is listed, by as much as its calibration is uncertain") {
  constexpr double uncertainty = 0.2;
  constexpr std::uint32_t draws = 4000;
  double sum = 0, squares = 0;
  for (std::uint32_t draw = 0; draw < draws; ++draw) {
    const BackendProperties drawn = drawn_properties(listed_device(), uncertainty, 5, draw);
    const double z = std::log(*drawn.gates[3].error / 0.01) / uncertainty;
    sum += z;
    squares += z * z;
  }
  // Mean and variance of a standard normal, five standard errors: sqrt(1 / n) and sqrt(2 / n).
  CHECK(std::abs(sum / draws) < 5 / std::sqrt(double{draws}));
  CHECK(std::abs(squares / draws - 1) < 5 * std::sqrt(2.0 / draws));
}

TEST_CASE("What is one pulse, or one coupler in two directions, moves as one") {
  const BackendProperties drawn = drawn_properties(listed_device(), 0.3, 1, 7);
  CHECK(*drawn.gates[0].error == *drawn.gates[1].error);
  CHECK(*drawn.gates[3].error == *drawn.gates[4].error);
  CHECK(*drawn.gates[0].error / 3e-4 != Approx(*drawn.gates[3].error / 0.01));
  CHECK(*drawn.qubits[0].t1 / 1e-4 != Approx(*drawn.qubits[1].t1 / 2e-4));
  CHECK(*drawn.qubits[0].p1_given_0 / 0.01 != Approx(*drawn.qubits[0].p0_given_1 / 0.03));
}

TEST_CASE("What does not work, takes a time or is not listed stays as it is") {
  const BackendProperties drawn = drawn_properties(listed_device(), 0.3, 1, 7);
  CHECK(*drawn.gates[2].error == 0.0);
  CHECK(*drawn.gates[5].error == 1.0);
  CHECK(*drawn.gates[3].length == 7e-8);
  CHECK_FALSE(drawn.qubits[2].p0_given_1);
  const BackendProperties same = drawn_properties(listed_device(), 0.0, 1, 7), listed = listed_device();
  for (std::size_t g = 0; g < listed.gates.size(); ++g) CHECK(same.gates[g].error == listed.gates[g].error);
  for (std::size_t q = 0; q < listed.qubits.size(); ++q) CHECK(same.qubits[q].t1 == listed.qubits[q].t1);
}

TEST_CASE("Draws differ and are the same again, and errors stay probabilities") {
  for (std::uint32_t draw = 0; draw < 50; ++draw) {
    const BackendProperties drawn = drawn_properties(listed_device(), 2.0, 3, draw);
    for (const ListedGate& gate : drawn.gates) CHECK((*gate.error >= 0 && *gate.error <= 1));
    for (const ListedQubit& qubit : drawn.qubits) CHECK(*qubit.p1_given_0 <= 0.5);
    CHECK(drawn_properties(listed_device(), 2.0, 3, draw).gates[3].error == drawn.gates[3].error);
    CHECK(drawn_properties(listed_device(), 2.0, 3, draw + 1).gates[3].error != drawn.gates[3].error);
    CHECK(drawn_properties(listed_device(), 2.0, 4, draw).gates[3].error != drawn.gates[3].error);
  }
  for (const double wrong : {-0.1, 2.5, std::nan("")})
    CHECK_THROWS_AS(drawn_properties(listed_device(), wrong, 0, 0), Error);
}
