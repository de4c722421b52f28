// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include "runtime/base/error.h"
#include "tests/hardware/transpile_programs.h"
#include "tests/run_length.h"

using namespace qmtl;

namespace {

/// Any gates on any qubits, some angles special ones, some with inputs.
DeviceProgram program_with_inputs(int qubits, int gates, std::uint64_t seed, int inputs) {
  DeviceProgram program;
  program.name = "random";
  program.qubits = qubits;
  for (int i = 0; i < inputs; ++i) program.inputs.push_back(padded("x", i));
  const auto draw = oracle::uniform(seed, static_cast<std::size_t>(gates) * 6, 0.0, 1.0);
  const auto* next = draw.data();
  const auto below = [&](int n) { return static_cast<int>(*next++ * n); };
  for (int i = 0; i < gates; ++i) {
    const DeviceGateInfo& row = device_gates[static_cast<std::size_t>(below(8))];
    DeviceOp op{row.gate, below(qubits), -1, {}};
    if (row.qubits == 2) op.q1 = (op.q0 + 1 + below(qubits - 1)) % qubits;
    if (row.angle) {
      const double angle = *next++;
      op.angle.constant = below(2) ? std::floor(angle * 9 - 4) * half_pi : angle * 14 - 7;
      if (inputs > 0 && below(2)) op.angle.terms = {{below(inputs), angle < 0.5 ? 1.0 : -0.75}};
    }
    program.ops.push_back(op);
  }
  return program;
}

/// Gates other than RZ, which take no time.
std::ptrdiff_t pulses_in(const DeviceProgram& program) {
  return std::count_if(program.ops.begin(), program.ops.end(),
                       [](const DeviceOp& op) { return op.gate != DeviceGate::rz; });
}

void run_case(const DeviceProgram& program, DeviceTarget target, const NamedBasis& set) {
  target.basis = set.gates;
  CAPTURE(program.name, program.qubits, target.name, set.name);
  TranspileResult result;
  REQUIRE_NOTHROW(result = transpile(program, target));
  check_equal(program, target, result);
  DeviceProgram read = program;
  for (int q = program.qubits - 1; q >= 0; q -= 2) read.measured.push_back(q);
  check_equal(read, target, transpile(read, target));
}

std::vector<DeviceTarget> targets(int qubits) {
  const int side = qubits < 5 ? 2 : qubits < 10 ? 3 : 4;
  DeviceTarget one_way = line_target(qubits);
  one_way.name = "one-way line";
  std::erase_if(one_way.coupling, [](const auto& pair) {
    return (pair.first + pair.second) % 4 == 1 ? pair.first > pair.second : pair.first < pair.second;
  });
  DeviceTarget all_pairs;
  all_pairs.name = "all pairs";
  all_pairs.qubits = qubits;
  std::vector<DeviceTarget> list{line_target(qubits), ring_target(std::max(qubits, 3)),
                                 grid_target(side, side), heavy_hex_target(3), all_pairs};
  if (qubits > 1) list.push_back(one_way);
  return list;
}

}  // namespace

TEST_CASE("Heads of every entangler do the same on every device", "[transpile]") {
  const std::vector<int> sizes =
      test::long_run() ? std::vector<int>{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12} : std::vector<int>{2, 3, 5, 6};
  for (int qubits : sizes)
    for (Entangler entangler : {Entangler::none, Entangler::cx_ring, Entangler::cx_line, Entangler::cz_ring,
                                Entangler::cz_line, Entangler::brickwork_cz})
      for (bool inputs : {false, true}) {
        DeviceProgram program = head(entangler, qubits, 2, inputs);
        program.name = "head_" + std::string(name(entangler));
        std::replace(program.name.begin(), program.name.end(), '-', '_');
        for (const DeviceTarget& target : targets(qubits)) {
          // States of many qubits take long; what bases have of their own shows on few.
          const auto sets = bases();
          const std::size_t count = qubits > 8 ? 2 : sets.size();
          for (std::size_t i = 0; i < count; ++i) run_case(program, target, sets[i]);
        }
      }
}

TEST_CASE("Random programs do the same on every device", "[transpile]") {
  const int count = test::long_run() ? 60 : 6;
  for (int seed = 0; seed < count; ++seed) {
    const int qubits = 2 + seed % 5;
    const DeviceProgram program =
        program_with_inputs(qubits, 10 + 7 * (seed % 6), static_cast<std::uint64_t>(seed), seed % 3);
    CAPTURE(seed);
    for (const DeviceTarget& target : targets(qubits))
      for (const NamedBasis& set : bases()) run_case(program, target, set);
  }
}

TEST_CASE("Programs of one qubit become at most RZ SX RZ SX RZ", "[transpile]") {
  DeviceTarget target{"one", 1, basis({DeviceGate::rz, DeviceGate::sx, DeviceGate::x, DeviceGate::cz}), {}};
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    DeviceProgram program;
    program.name = "run";
    program.qubits = 1;
    const auto angles = oracle::uniform(seed, 6, -7, 7);
    const DeviceGate kinds[] = {DeviceGate::rx, DeviceGate::ry, DeviceGate::rz};
    for (std::size_t i = 0; i < 6; ++i)
      program.ops.push_back({kinds[(i * 7 + seed) % 3], 0, -1, {angles[i], {}}});
    const TranspileResult result = transpile(program, target);
    check_equal(program, target, result);
    CHECK(result.program.ops.size() <= 4);  // the first RZ acts on |0>
    CHECK(pulses_in(result.program) <= 2);
  }
}

TEST_CASE("A rotation by an input has two pulses, or one with fractional gates", "[transpile]") {
  DeviceProgram program;
  program.name = "upload";
  program.qubits = 1;
  program.inputs = {"a", "b"};
  program.ops = {{DeviceGate::ry, 0, -1, {0.25, {{0, 1.0}}}}, {DeviceGate::ry, 0, -1, {0.5, {{1, 2.0}}}}};
  using enum DeviceGate;
  DeviceTarget target{"one", 1, basis({rz, sx, x, cz}), {}};
  CHECK(pulses_in(transpile(program, target).program) == 2);
  target.basis = basis({rz, sx, x, cz, rx});
  CHECK(pulses_in(transpile(program, target).program) == 1);
  target.basis = basis({rx, ry, rz, cz});
  const TranspileResult result = transpile(program, target);
  REQUIRE(result.program.ops.size() == 1);
  CHECK(result.program.ops[0].gate == ry);
  CHECK(result.program.ops[0].angle == AngleSum{0.75, {{0, 1.0}, {1, 2.0}}});
}

TEST_CASE("Transpiling is the same every time and takes well below a second", "[transpile]") {
  const std::pair<int, DeviceTarget> cases[] = {{20, heavy_hex_target(7)},
                                                {37, heavy_hex_target(7)},
                                                {100, heavy_hex_target(7)},
                                                {100, grid_target(10, 10)},
                                                {99, grid_target(10, 12)}};
  for (auto [qubits, target] : cases) {
    target.basis = bases()[0].gates;
    const DeviceProgram program = head(Entangler::cz_ring, qubits, 2, true);
    CAPTURE(qubits, target.name);
    const auto start = std::chrono::steady_clock::now();
    const TranspileResult first = transpile(program, target);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    CAPTURE(seconds, first.layout_kind, first.swaps, first.two_qubit_gates, first.two_qubit_depth);
    if (test::long_run())
      WARN(qubits << " " << target.name << " " << seconds << " s " << first.layout_kind << " swaps "
                  << first.swaps << " gates " << first.two_qubit_gates << " depth " << first.two_qubit_depth);
    // Loose, since other work may go on beside and debug builds are slow; a search out of hand takes minutes.
    CHECK(seconds < 20);
    CHECK(transpile(program, target).program == first.program);
  }
}

TEST_CASE("A device without basis and coupling gets the program as it is", "[transpile]") {
  const DeviceProgram program = program_with_inputs(4, 30, 5, 2);
  CHECK(transpile(program, {"any", 0, {}, {}}).program == program);
  DeviceProgram broken = program;
  broken.ops[0].q0 = 9;
  CHECK_THROWS_AS(transpile(broken, {"any", 0, {}, {}}), Error);
}

TEST_CASE("What a device cannot do is refused with the numbers", "[transpile]") {
  using Catch::Matchers::Contains;
  const DeviceProgram program = head(Entangler::cz_ring, 6, 1, false);
  CHECK_THROWS_WITH(transpile(program, line_target(5)), Contains("needs 6 qubits") && Contains("has 5"));
  DeviceTarget halves{"halves", 8, {}, {{0, 1}, {1, 2}, {2, 3}, {4, 5}, {5, 6}, {6, 7}}};
  CHECK_THROWS_WITH(transpile(program, halves), Contains("needs 6 qubits") && Contains("at most 4"));
  DeviceTarget wrong{"wrong", 6, {}, {{0, 6}}};
  CHECK_THROWS_WITH(transpile(program, wrong), Contains("[0, 6]"));
  DeviceTarget poor = line_target(6);
  poor.basis = basis({DeviceGate::rz, DeviceGate::sx});
  poor.unsupported = {"ecr"};
  CHECK_THROWS_WITH(transpile(program, poor), Contains("gate cz") && Contains("ecr") && Contains("line-6"));
  poor.basis = basis({DeviceGate::ry, DeviceGate::cx});
  CHECK_THROWS_WITH(transpile(program, poor), Contains("rz and at least one of"));
  poor.basis = basis({DeviceGate::ry, DeviceGate::cz});
  CHECK_NOTHROW(transpile(head(Entangler::cz_line, 6, 1, false), poor));
  DeviceTarget fine = line_target(8);
  fine.basis = bases()[0].gates;
  CHECK_THROWS_WITH(transpile(transpile(program, fine).program, fine), Contains("for a device already"));
}
