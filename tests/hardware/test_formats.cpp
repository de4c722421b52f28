// SPDX-License-Identifier: Apache-2.0
#include <Eigen/Dense>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <map>

#include "hardware/emulator/ionq_reader.h"
#include "hardware/emulator/qasm_reader.h"
#include "hardware/formats/ionq.h"
#include "hardware/formats/qasm_writer.h"
#include "runtime/base/error.h"
#include "runtime/base/math.h"
#include "tests/hardware/format_texts.h"
#include "tests/hardware/transpile_cases.h"
#include "tests/oracle/cases.h"

using namespace qmtl;

namespace {

using math::pi;
using oracle::State;

/// Random gates; some angles are sums of inputs. Reads some of the qubits in a mixed order.
DeviceProgram random_with_inputs(std::uint64_t seed, int qubits, int gates, int inputs) {
  DeviceProgram program;
  program.name = "random" + std::to_string(seed);
  program.qubits = qubits;
  for (int i = 0; i < inputs; ++i) program.inputs.push_back("a000" + std::to_string(i));
  const auto draws = oracle::uniform(seed, static_cast<std::size_t>(gates) * 8, 0.0, 1.0);
  const double* next = draws.data();
  const auto below = [&](int count) { return static_cast<int>(*next++ * count); };
  for (int g = 0; g < gates; ++g, next = draws.data() + 8 * g) {
    const DeviceGateInfo& row = device_gates[static_cast<std::size_t>(below(device_gates.size()))];
    DeviceOp op{row.gate, below(qubits), -1, {}};
    if (row.qubits == 2) op.q1 = (op.q0 + 1 + below(qubits - 1)) % qubits;
    if (row.angle) {
      if (below(4) != 0) op.angle.constant = 8.0 * *next++ - 4.0;
      for (int i = 0; i < inputs; ++i)
        if (g % (i + 2) == 0)
          op.angle.terms.push_back({i, g % 3 == 0 ? 1.0 : g % 3 == 1 ? -1.0 : 0.5 - *next});
    }
    program.ops.push_back(op);
  }
  for (int q = qubits - 1; q >= 0; q -= 2) program.measured.push_back(q);
  for (int q = qubits - 2; q >= 1; q -= 2) program.measured.push_back(q);
  return program;
}

State state_of(const DeviceProgram& program, const std::vector<double>& inputs = {}) {
  std::map<int, int> slots;
  for (int q = 0; q < program.qubits; ++q) slots[q] = q;
  return oracle::state_of(program, inputs, slots);
}

/// 1 - |<a|b>|: 0 for states that are equal up to a global phase.
double distance(const State& a, const State& b) { return std::abs(1.0 - std::abs(a.dot(b))); }

std::vector<double> input_values_of(const DeviceProgram& program) {
  return oracle::uniform(99, program.inputs.size(), -pi, pi);
}

/// The state that the gate of a test acts on, by the same gates.
State before() {
  DeviceProgram program;
  program.qubits = 2;
  program.ops = {{DeviceGate::rx, 0, -1, {0.3, {}}}, {DeviceGate::ry, 0, -1, {0.7, {}}},
                 {DeviceGate::rz, 0, -1, {1.1, {}}}, {DeviceGate::ry, 1, -1, {-0.4, {}}},
                 {DeviceGate::cx, 0, 1, {}},         {DeviceGate::rx, 1, -1, {2.1, {}}}};
  return state_of(program);
}

const std::complex<double> i_unit{0, 1};

Eigen::Matrix2cd pauli(char letter) {
  Eigen::Matrix2cd matrix;
  if (letter == 'X') matrix << 0, 1, 1, 0;
  if (letter == 'Y') matrix << 0, -i_unit, i_unit, 0;
  if (letter == 'Z') matrix << 1, 0, 0, -1;
  return matrix;
}

Eigen::Matrix2cd rotation(char axis, double angle) {
  return std::cos(angle / 2) * Eigen::Matrix2cd::Identity() - i_unit * std::sin(angle / 2) * pauli(axis);
}

void apply_one(State& state, int qubit, const Eigen::Matrix2cd& matrix) {
  const Eigen::Index bit = Eigen::Index{1} << qubit;
  for (Eigen::Index i = 0; i < state.size(); ++i) {
    if (i & bit) continue;
    const Eigen::Vector2cd moved = matrix * Eigen::Vector2cd{state[i], state[i | bit]};
    state[i] = moved[0];
    state[i | bit] = moved[1];
  }
}

/// U of the OpenQASM 3 specification.
Eigen::Matrix2cd general(double theta, double phi, double lambda) {
  Eigen::Matrix2cd u;
  u << std::cos(theta / 2), -std::exp(i_unit * lambda) * std::sin(theta / 2),
      std::exp(i_unit * phi) * std::sin(theta / 2), std::exp(i_unit * (phi + lambda)) * std::cos(theta / 2);
  return u;
}

State after_one(const Eigen::Matrix2cd& matrix, int qubit) {
  State state = before();
  apply_one(state, qubit, matrix);
  return state;
}

/// exp(-i angle PP / 2) on both qubits.
State after_pair(char letter, double angle) {
  State turned = before();
  for (int qubit : {0, 1}) apply_one(turned, qubit, pauli(letter));
  return std::cos(angle / 2) * before() - i_unit * std::sin(angle / 2) * turned;
}

State after_swap() {
  State state = before();
  std::swap(state[1], state[2]);
  return state;
}

}  // namespace

TEST_CASE("OpenQASM 3 reads back as the same program", "[formats]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    DeviceProgram program =
        random_with_inputs(seed, 2 + static_cast<int>(seed % 4), 40, static_cast<int>(seed % 3));
    program.physical = seed % 2 == 0;
    const std::string text = write_qasm3(program);
    INFO(text);
    DeviceProgram read = read_qasm3(text, "test");
    read.name = program.name;
    // A physical program has the qubits that its text names.
    if (program.physical) read.qubits = program.qubits;
    CHECK(read == program);
  }
}

TEST_CASE("IonQ's JSON reads back as the same state", "[formats]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    const DeviceProgram program = random_with_inputs(seed, 2 + static_cast<int>(seed % 4), 40, 2);
    CHECK_THROWS_WITH(ionq_input(program), Catch::Contains("expected a bound program"));
    const DeviceProgram bound = with_inputs(program, input_values_of(program));
    const DeviceProgram read = read_ionq(ionq_input(bound), "test");
    // Rounding of some hundred gates.
    CHECK(distance(state_of(read), state_of(bound)) < 1e-12);
    const auto many = ionq_inputs(std::vector{bound, bound});
    CHECK(read_ionq(many["circuits"][1], "test", bound.qubits).ops == read.ops);
  }
}

TEST_CASE("A cz comes back from IonQ's JSON as a cz", "[formats]") {
  DeviceProgram program;
  program.name = "ring";
  program.qubits = 5;
  for (int q = 0; q < 5; ++q) program.ops.push_back({DeviceGate::ry, q, -1, {0.1 + q, {}}});
  for (int q = 0; q < 5; ++q) program.ops.push_back({DeviceGate::cz, q, (q + 1) % 5, {}});
  program.measured = {0};
  CHECK(read_ionq(ionq_input(program), "test").ops == program.ops);
  // Another qubit's h is another gate.
  const DeviceProgram apart = read_ionq(
      in_ionq(R"({"gate":"h","target":0},{"gate":"cnot","control":0,"target":1},{"gate":"h","target":1})"),
      "test");
  CHECK(apart.ops[apart.ops.size() - 3] == DeviceOp{DeviceGate::cx, 0, 1, {}});
}

TEST_CASE("Gates of OpenQASM 3 mean what its specification says", "[formats]") {
  Eigen::Matrix2cd hadamard;
  hadamard << 1, 1, 1, -1;
  hadamard /= std::sqrt(2.0);
  const std::pair<const char*, State> cases[] = {
      {"h q[0];", after_one(hadamard, 0)},
      {"y q[1];", after_one(pauli('Y'), 1)},
      {"z q[1];", after_one(pauli('Z'), 1)},
      {"id q[0];", before()},
      {"barrier q; barrier q[0], q[1];", before()},
      {"s q[0];", after_one(general(0, 0, pi / 2), 0)},
      {"sdg q[0];", after_one(general(0, 0, -pi / 2), 0)},
      {"t q[0];", after_one(general(0, 0, pi / 4), 0)},
      {"tdg q[0];", after_one(general(0, 0, -pi / 4), 0)},
      {"sx q[0];", after_one(rotation('X', pi / 2), 0)},
      {"sxdg q[0];", after_one(rotation('X', -pi / 2), 0)},
      {"p(0.9) q[1];", after_one(general(0, 0, 0.9), 1)},
      {"U(0.4, 1.3, -0.8) q[0];", after_one(general(0.4, 1.3, -0.8), 0)},
      {"u3(0.4, pi/3, -(0.8)) q[1];", after_one(general(0.4, pi / 3, -0.8), 1)},
      {"rx(-2*(pi - 1)/3) q[0]; // half", after_one(rotation('X', -2 * (pi - 1) / 3), 0)},
      {"swap q[0], q[1];", after_swap()},
      {"gate rzz(t) u, v { cx u, v; rz(t) v; cx u, v; } rzz(1.7) q[0], q[1];", after_pair('Z', 1.7)},
      {"rzz(1.7) q[1], q[0];", after_pair('Z', 1.7)},
  };
  for (const auto& [gate, expected] : cases) {
    INFO(gate);
    CHECK(distance(state_of(read_qasm3(in_qasm3(gate), "test")), expected) < 1e-12);
  }
}

TEST_CASE("Definitions of gates are what their bodies make, with angles bound by name", "[formats]") {
  const std::string head = "OPENQASM 3; input float a; qubit[3] q; bit[3] c;\n", tail = " c = measure q;";
  const std::string defined =
      "gate half(t) x1 { rx(t / 2) x1; } gate both(t, s) x1, x2 { half(t + s) x1; half(2 * s) x2; cx x2, x1; "
      "}\n"
      "both(a, pi) q[1], q[2]; half(1) q;";
  const std::string written =
      "rx(a / 2 + pi / 2) q[1]; rx(pi) q[2]; cx q[2], q[1]; rx(0.5) q[0]; rx(0.5) q[1]; rx(0.5) q[2];";
  CHECK(read_qasm3(head + defined + tail, "test") == read_qasm3(head + written + tail, "test"));
}

TEST_CASE("Gates of IonQ mean what its documentation says", "[formats]") {
  Eigen::Matrix2cd hadamard;
  hadamard << 1, 1, 1, -1;
  hadamard /= std::sqrt(2.0);
  const std::pair<const char*, State> cases[] = {
      {R"({"gate":"x","target":1})", after_one(pauli('X'), 1)},
      {R"({"gate":"not","targets":[1]})", after_one(pauli('X'), 1)},
      {R"({"gate":"y","target":0})", after_one(pauli('Y'), 0)},
      {R"({"gate":"z","target":0})", after_one(pauli('Z'), 0)},
      {R"({"gate":"h","target":1})", after_one(hadamard, 1)},
      {R"({"gate":"s","target":0})", after_one(general(0, 0, pi / 2), 0)},
      {R"({"gate":"si","target":0})", after_one(general(0, 0, -pi / 2), 0)},
      {R"({"gate":"t","target":0})", after_one(general(0, 0, pi / 4), 0)},
      {R"({"gate":"ti","target":0})", after_one(general(0, 0, -pi / 4), 0)},
      {R"({"gate":"v","target":0})", after_one(rotation('X', pi / 2), 0)},
      {R"({"gate":"vi","target":0})", after_one(rotation('X', -pi / 2), 0)},
      {R"({"gate":"swap","targets":[0,1]})", after_swap()},
      {R"({"gate":"xx","targets":[0,1],"rotation":0.8})", after_pair('X', 0.8)},
      {R"({"gate":"yy","targets":[0,1],"rotation":0.8})", after_pair('Y', 0.8)},
      {R"({"gate":"zz","targets":[0,1],"rotation":0.8})", after_pair('Z', 0.8)},
  };
  for (const auto& [gate, expected] : cases) {
    INFO(gate);
    CHECK(distance(state_of(read_ionq(in_ionq(gate), "test")), expected) < 1e-12);
  }
  // A controlled x by two names.
  for (const char* gate :
       {R"({"gate":"x","control":1,"target":0})", R"({"gate":"cnot","controls":[1],"targets":[0]})"})
    CHECK(read_ionq(in_ionq(gate), "test").ops.back() == DeviceOp{DeviceGate::cx, 1, 0, {}});
}

TEST_CASE("Variants of OpenQASM 3 that others write are read", "[formats]") {
  const DeviceProgram program = read_qasm3(
      "/* a\n comment */ OPENQASM 3;\n input angle b; input float[64] a;\n"
      "qubit first; qubit[2] second; bit[2] high; bit low;\n"
      "rx(a + b/2) first; h second; ry(2*a - a) second[1];\n"
      "high = measure second; measure first -> low;",
      "test");
  CHECK(program.qubits == 3);
  CHECK(program.inputs == std::vector<std::string>{"a", "b"});
  CHECK(program.measured == std::vector<int>{1, 2, 0});
  CHECK(program.ops.front() == DeviceOp{DeviceGate::rx, 0, -1, {0.0, {{0, 1.0}, {1, 0.5}}}});
  CHECK(program.ops.back() == DeviceOp{DeviceGate::ry, 2, -1, {0.0, {{0, 1.0}}}});
}

TEST_CASE("OpenQASM 2 holds gates of the original qelib1.inc only", "[formats]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const DeviceProgram program = random_with_inputs(seed, 4, 60, 0);
    std::istringstream lines(write_qasm2(program));
    std::size_t measured = 0;
    for (std::string line; std::getline(lines, line);) {
      INFO(line);
      const std::string word = line.substr(0, line.find_first_of(" (["));
      measured += word == "measure";
      CHECK((word == "OPENQASM" || word == "include" || word == "qreg" || word == "creg" ||
             word == "measure" || word == "rx" || word == "ry" || word == "rz" || word == "x" ||
             word == "cx" || word == "cz"));
    }
    CHECK(measured == program.measured.size());
  }
  CHECK_THROWS_WITH(write_qasm2(random_with_inputs(1, 3, 10, 2)),
                    Catch::Contains("expected a bound program"));
}

// For readers that are not ours: tests/hardware/formats_in_qiskit.py gives the folder.
TEST_CASE("Random programs in every form are written for other readers", "[formats-files]") {
  const char* folder = std::getenv("QMTL_FORMATS_FOLDER");
  if (!folder) return;
  nlohmann::json list = nlohmann::json::array();
  const auto write = [&](const std::string& file, const std::string& text) {
    std::ofstream(std::string(folder) + "/" + file) << text;
    return file;
  };
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    DeviceProgram program =
        random_with_inputs(seed, 2 + static_cast<int>(seed % 4), 30, static_cast<int>(seed % 3));
    const std::vector<double> values = input_values_of(program);
    const DeviceProgram bound = with_inputs(program, values);
    const State state = state_of(program, values);
    nlohmann::json entry{{"name", program.name}, {"qubits", program.qubits}, {"measured", program.measured}};
    for (std::size_t i = 0; i < values.size(); ++i) entry["inputs"][program.inputs[i]] = values[i];
    for (const auto& amplitude : state) entry["state"].push_back({amplitude.real(), amplitude.imag()});
    entry["qasm3"] = write(program.name + ".qasm3", write_qasm3(program));
    entry["bound"] = write(program.name + "_bound.qasm3", write_qasm3(bound));
    entry["qasm2"] = write(program.name + ".qasm2", write_qasm2(bound));
    entry["ionq"] = write(program.name + ".json", ionq_input(bound).dump());
    DeviceProgram physical = bound;
    physical.physical = true;
    entry["physical"] = write(program.name + "_physical.qasm3", write_qasm3(physical));
    list.push_back(entry);
  }
  write("programs.json", list.dump());
}
