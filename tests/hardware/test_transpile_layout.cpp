// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/hardware/transpile_programs.h"

using namespace qmtl;

TEST_CASE("Rings and lines that the device has need no swap", "[transpile]") {
  struct Row {
    Entangler entangler;
    int qubits;
    DeviceTarget target;
    int depth;  ///< of the two-qubit gates of one layer
  };
  const Row rows[] = {
      {Entangler::cz_ring, 12, heavy_hex_target(5), 2},    {Entangler::cz_ring, 20, heavy_hex_target(5), 2},
      {Entangler::cz_ring, 20, heavy_hex_target(7), 2},    {Entangler::cz_ring, 24, heavy_hex_target(7), 2},
      {Entangler::cz_ring, 28, heavy_hex_target(7), 2},    {Entangler::cz_ring, 60, heavy_hex_target(7), 2},
      {Entangler::cz_ring, 20, grid_target(4, 5), 2},      {Entangler::cz_ring, 16, grid_target(4, 4), 2},
      {Entangler::cz_ring, 36, grid_target(6, 6), 2},      {Entangler::cz_ring, 100, grid_target(12, 12), 2},
      {Entangler::cz_ring, 4, grid_target(2, 2), 2},       {Entangler::cz_ring, 7, ring_target(7), 3},
      {Entangler::cx_line, 20, line_target(20), 19},       {Entangler::cz_line, 20, line_target(20), 2},
      {Entangler::cz_line, 12, ring_target(12), 2},        {Entangler::cz_line, 16, grid_target(4, 4), 2},
      {Entangler::cz_line, 60, heavy_hex_target(7), 2},    {Entangler::cz_line, 90, heavy_hex_target(7), 2},
      {Entangler::brickwork_cz, 16, grid_target(4, 5), 1},
  };
  for (Row row : rows) {
    CAPTURE(name(row.entangler), row.qubits, row.target.name);
    row.target.basis = bases()[0].gates;
    const DeviceProgram program = head(row.entangler, row.qubits, 1, true);
    const TranspileResult result = transpile(program, row.target);
    CHECK(result.swaps == 0);
    CHECK(result.two_qubit_depth == row.depth);
    CHECK(result.two_qubit_gates == std::count_if(program.ops.begin(), program.ops.end(),
                                                  [](const DeviceOp& op) { return op.q1 >= 0; }));
  }
}

TEST_CASE("Rings that the device does not have need few swaps", "[transpile]") {
  struct Row {
    int qubits;
    DeviceTarget target;
    int swaps, gates;  ///< at most
  };
  // A longer cycle with one spare qubit has one swap into |0>, which takes two gates. Folded onto a line, one
  // layer of n / 2 - 1 swaps with three gates each is enough. The rows behind are what the search has found.
  const Row rows[] = {
      {11, heavy_hex_target(5), 1, 13},    {19, grid_target(4, 5), 1, 21}, {5, grid_target(2, 3), 1, 7},
      {12, line_target(12), 5, 27},        {20, line_target(20), 9, 47},   {7, line_target(7), 3, 14},
      {9, grid_target(3, 3), 2, 13},       {25, grid_target(5, 5), 3, 34}, {13, heavy_hex_target(7), 2, 18},
      {100, heavy_hex_target(7), 41, 220},
  };
  for (Row row : rows) {
    CAPTURE(row.qubits, row.target.name);
    row.target.basis = bases()[0].gates;
    const DeviceProgram program = head(Entangler::cz_ring, row.qubits, 1, true);
    const TranspileResult result = transpile(program, row.target);
    CAPTURE(result.layout_kind, result.two_qubit_depth);
    CHECK(result.swaps <= row.swaps);
    CHECK(result.two_qubit_gates <= row.gates);
  }
}

TEST_CASE("CZ layers take as few time steps as their qubits allow, in whatever order they are written",
          "[transpile]") {
  DeviceTarget target{"all", 0, bases()[0].gates, {}};
  for (int qubits = 3; qubits <= 12; ++qubits)
    for (Entangler entangler : {Entangler::cz_line, Entangler::cz_ring})
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        DeviceProgram program = head(entangler, qubits, 1, false);
        const auto first = program.ops.begin() + qubits, last = program.ops.end() - qubits;
        const auto draw = oracle::uniform(seed, 12, 0.0, 1.0);
        for (auto op = first; op != last; ++op)
          std::swap(*op, first[static_cast<std::ptrdiff_t>(draw[static_cast<std::size_t>(op - first)] *
                                                           static_cast<double>(op - first + 1))]);
        CAPTURE(qubits, name(entangler), seed);
        CHECK(transpile(program, target).two_qubit_depth ==
              (entangler == Entangler::cz_ring && qubits % 2 == 1 ? 3 : 2));
      }
}

TEST_CASE("Equal two-qubit gates that meet cancel", "[transpile]") {
  DeviceProgram program = head(Entangler::cz_ring, 6, 1, false);
  const auto ring = std::vector<DeviceOp>(program.ops.begin() + 6, program.ops.begin() + 12);
  program.ops.insert(program.ops.begin() + 12, ring.rbegin(), ring.rend());
  DeviceTarget target = grid_target(2, 3);
  target.basis = bases()[0].gates;
  const TranspileResult result = transpile(program, target);
  check_equal(program, target, result);
  CHECK(result.two_qubit_gates == 0);
}

TEST_CASE("What readings cannot notice is left out", "[transpile]") {
  DeviceProgram program = head(Entangler::cz_ring, 4, 1, true);
  program.ops.resize(8);  // RY and the ring
  program.measured = {0, 1, 2, 3};
  DeviceTarget target = line_target(4);
  target.basis = bases()[0].gates;
  const TranspileResult result = transpile(program, target);
  check_equal(program, target, result);
  CHECK(result.two_qubit_gates == 0);
  CHECK(result.swaps == 0);
  for (int q : result.program.measured) {
    const auto last = std::find_if(result.program.ops.rbegin(), result.program.ops.rend(),
                                   [&](const DeviceOp& op) { return op.q0 == q; });
    REQUIRE(last != result.program.ops.rend());
    CHECK(last->gate != DeviceGate::rz);
  }
}

TEST_CASE("Several registers find room beside each other", "[transpile]") {
  DeviceProgram program = head(Entangler::cz_ring, 12, 1, false);
  DeviceProgram twice = program;
  twice.qubits = 24;
  for (DeviceOp op : program.ops) {
    op.q0 += 12;
    if (op.q1 >= 0) op.q1 += 12;
    twice.ops.push_back(op);
  }
  DeviceTarget target = heavy_hex_target(7);
  target.basis = bases()[0].gates;
  CHECK(transpile(twice, target).swaps == 0);
}
