#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <set>

#include "hardware/transpile/topologies.h"
#include "hardware/transpile/transpile.h"
#include "runtime/circuit/ansatz.h"
#include "runtime/error.h"
#include "tests/hardware/transpile_cases.h"
#include "tests/oracle/cases.h"

using namespace qmtl;

namespace {

const bool long_run = std::getenv("QMTL_LONG") && std::string(std::getenv("QMTL_LONG")) == "1";

std::string padded(const char* letter, int number) {
  std::string digits = std::to_string(number);
  return letter + std::string(4 - digits.size(), '0') + digits;
}

/// Layers of RY and an entangler; every second layer's angles are inputs.
DeviceProgram head(Entangler entangler, int qubits, int layers, bool inputs) {
  DeviceProgram program;
  program.name = "head";
  program.qubits = qubits;
  const auto angles = oracle::uniform(static_cast<std::uint64_t>(qubits), 1000, -7.0, 7.0);
  std::vector<int> all;
  for (int q = 0; q < qubits; ++q) all.push_back(q);
  for (int layer = 0; layer < layers; ++layer) {
    for (int q = 0; q < qubits; ++q) {
      AngleSum angle{angles[static_cast<std::size_t>(layer * qubits + q)], {}};
      if (inputs && layer % 2 == 0) {
        angle.terms = {{static_cast<int>(program.inputs.size()), 1.0}};
        program.inputs.push_back(padded("a", static_cast<int>(program.inputs.size())));
      }
      program.ops.push_back({DeviceGate::ry, q, -1, angle});
    }
    for (const Op& op : entangle(entangler, all, layer))
      program.ops.push_back({op.gate == Gate::cx ? DeviceGate::cx : DeviceGate::cz, op.q0, op.q1, {}});
  }
  for (int q = 0; q < qubits; ++q) program.ops.push_back({DeviceGate::ry, q, -1, {0.1 * q - 0.4, {}}});
  return program;
}

/// Any gates on any qubits, some angles special ones, some with inputs.
DeviceProgram random_program(int qubits, int gates, std::uint64_t seed, int inputs) {
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

std::vector<DeviceGate> basis(std::initializer_list<DeviceGate> gates) { return gates; }
struct NamedBasis {
  const char* name;
  std::vector<DeviceGate> gates;
};
std::vector<NamedBasis> bases() {
  using enum DeviceGate;
  return {{"heron", basis({cz, rz, sx, x})},
          {"heron fractional", basis({cz, rz, sx, x, rx, rzz})},
          {"eagle", basis({cx, rz, sx, x})},
          {"rotations with cx", basis({rx, ry, rz, cx})},
          {"rotations with cz", basis({rx, ry, rz, cz})},
          {"no x", basis({rz, sx, cz})},
          {"ry, rz and rzz", basis({ry, rz, rzz})},
          {"all", {}}};
}

/// Gates other than RZ, which take no time.
std::ptrdiff_t pulses_in(const DeviceProgram& program) {
  return std::count_if(program.ops.begin(), program.ops.end(),
                       [](const DeviceOp& op) { return op.gate != DeviceGate::rz; });
}

/// Checks the rules of the device and that the transpiled program does the same as the original.
void check_equal(const DeviceProgram& program, const DeviceTarget& target, const TranspileResult& result) {
  REQUIRE_NOTHROW(check(result.program));
  REQUIRE(result.program.inputs == program.inputs);
  const std::set<DeviceGate> allowed(target.basis.begin(), target.basis.end());
  const std::set<std::pair<int, int>> coupled(target.coupling.begin(), target.coupling.end());
  std::set<int> touched;
  for (const DeviceOp& op : result.program.ops) {
    CAPTURE(info(op.gate).name, op.q0, op.q1);
    REQUIRE((allowed.empty() || allowed.contains(op.gate)));
    REQUIRE((op.q1 < 0 || coupled.empty() || coupled.contains({op.q0, op.q1})));
    if (!allowed.empty() && op.gate == DeviceGate::rzz) {
      REQUIRE(op.angle.bound());
      REQUIRE((op.angle.constant >= 0 && op.angle.constant <= half_pi));
    }
    touched.insert(op.q0);
    if (op.q1 >= 0) touched.insert(op.q1);
  }
  for (int physical : result.layout) touched.insert(physical);
  for (int physical : result.final_layout) touched.insert(physical);
  for (int physical : result.program.measured) touched.insert(physical);
  // The program's qubits are the low bits, in their order; then come the others the device used.
  std::map<int, int> logical, physical;
  for (int q = 0; q < program.qubits; ++q) logical[q] = q;
  for (int q = 0; q < program.qubits; ++q) physical[result.final_layout[static_cast<std::size_t>(q)]] = q;
  REQUIRE(physical.size() == static_cast<std::size_t>(program.qubits));
  for (int q : touched) physical.emplace(q, static_cast<int>(physical.size()));
  REQUIRE(physical.size() <= 22);

  const auto inputs = oracle::uniform(99, program.inputs.size(), -4.0, 4.0);
  const oracle::State before = oracle::state_of(program, inputs, logical);
  const oracle::State after = oracle::state_of(result.program, inputs, physical);
  if (program.measured.empty()) {
    // The other qubits must end in |0>: the overlap is of whole states. 1e-9 bounds a thousand roundings and
    // angles that were taken for special ones within 1e-12.
    const double overlap = std::abs(before.dot(after.head(before.size())));
    REQUIRE(overlap > 1 - 1e-9);
    return;
  }
  std::vector<int> bits;
  for (std::size_t c = 0; c < program.measured.size(); ++c) {
    REQUIRE(result.program.measured[c] == result.final_layout[static_cast<std::size_t>(program.measured[c])]);
    bits.push_back(physical.at(result.program.measured[c]));
  }
  const double difference =
      (oracle::distribution(before, program.measured) - oracle::distribution(after, bits))
          .cwiseAbs()
          .maxCoeff();
  REQUIRE(difference < 1e-9);
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
      long_run ? std::vector<int>{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12} : std::vector<int>{2, 3, 5, 6};
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
  const int count = long_run ? 60 : 6;
  for (int seed = 0; seed < count; ++seed) {
    const int qubits = 2 + seed % 5;
    const DeviceProgram program =
        random_program(qubits, 10 + 7 * (seed % 6), static_cast<std::uint64_t>(seed), seed % 3);
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
    if (long_run)
      WARN(qubits << " " << target.name << " " << seconds << " s " << first.layout_kind << " swaps "
                  << first.swaps << " gates " << first.two_qubit_gates << " depth " << first.two_qubit_depth);
    // Loose, since other work may go on beside and debug builds are slow; a search out of hand takes minutes.
    CHECK(seconds < 20);
    CHECK(transpile(program, target).program == first.program);
  }
}

TEST_CASE("A device without basis and coupling gets the program as it is", "[transpile]") {
  const DeviceProgram program = random_program(4, 30, 5, 2);
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
