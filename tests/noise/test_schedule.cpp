// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/noise/noisy.h"
#include "runtime/noise/order.h"
#include "runtime/noise/schedule.h"
#include "tests/noise/cases.h"

using namespace qmtl;
using namespace qmtl::noise_test;

namespace {

int slices(const std::vector<Timed>& timed) { return timed.empty() ? 0 : timed.back().moment + 1; }

std::vector<int> range(int count) {
  std::vector<int> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace

TEST_CASE(
    "A ring of cz takes two time slices, three for an odd number of qubits; a ring of cx one per gate") {
  CHECK(slices(schedule(entangle(Entangler::cz_ring, range(8), 0), 8)) == 2);
  CHECK(slices(schedule(entangle(Entangler::cz_ring, range(7), 0), 7)) == 3);
  CHECK(slices(schedule(entangle(Entangler::cz_line, range(7), 0), 7)) == 2);
  CHECK(slices(schedule(entangle(Entangler::cx_ring, range(8), 0), 8)) == 8);
}

TEST_CASE(
    "A schedule keeps every gate, uses a qubit once per slice and keeps the order of what does not commute") {
  std::mt19937 random(11);
  for (int repeat = 0; repeat < 50; ++repeat) {
    CAPTURE(repeat);
    std::vector<Op> ops = random_case(random, 5, 40, 2).circuit.shared;
    const std::vector<Timed> timed = schedule(ops, 5);
    REQUIRE(timed.size() == ops.size());
    for (std::size_t i = 0; i < timed.size(); ++i)
      for (std::size_t j = i + 1; j < timed.size(); ++j) {
        const Op &a = timed[i].op, &b = timed[j].op;
        const bool share =
            a.q0 == b.q0 || (a.q1 >= 0 && (a.q1 == b.q0 || a.q1 == b.q1)) || (b.q1 >= 0 && a.q0 == b.q1);
        if (!share) continue;
        CHECK(timed[i].moment < timed[j].moment);
        if (a.gate == Gate::cz && b.gate == Gate::cz) continue;
        // Equal operations are the same whichever comes first.
        const auto first = std::find(ops.begin(), ops.end(), a);
        CHECK(std::find(first, ops.end(), b) != ops.end());
      }
  }
}

TEST_CASE("The default digits model needs few qubits at once, however wide it is") {
  AnsatzSpec spec;
  spec.layers = 2;
  for (int qubits : {20, 60}) {
    spec.qubits = qubits;
    spec.block_outputs.assign(static_cast<std::size_t>(qubits / 2), 1);
    NoisyOptions options;
    options.joint = true;
    options.density_qubits = 13;
    const NoisySimulator simulator(build(spec), {}, options);
    for (const NoisyPart& part : simulator.parts()) {
      CAPTURE(qubits, part.block);
      CHECK(part.cone == 12);  // 4 qubits, and one more on each side for each of the two slices of two rings
      CHECK(part.peak <= 8);
    }
  }
}

TEST_CASE("An order of execution runs every operation once and keeps each qubit's order") {
  std::mt19937 random(5);
  for (int repeat = 0; repeat < 30; ++repeat) {
    CAPTURE(repeat);
    const std::vector<Timed> timed = schedule(random_case(random, 7, 60, 2).circuit.shared, 7);
    const Order order = find_order(timed, 7, range(2));
    std::vector<int> last(7, -1), seen(timed.size(), 0);
    REQUIRE(order.ops.size() == timed.size());
    for (int number : order.ops) {
      CHECK(++seen[static_cast<std::size_t>(number)] == 1);
      const Op& op = timed[static_cast<std::size_t>(number)].op;
      for (int q : {op.q0, op.q1}) {
        if (q < 0) continue;
        CHECK(last[static_cast<std::size_t>(q)] < number);
        last[static_cast<std::size_t>(q)] = number;
      }
    }
    CHECK(order.peak <= 7);
  }
}
