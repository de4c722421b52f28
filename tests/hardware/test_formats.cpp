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
#include "hardware/program_stats.h"
#include "hardware/transpile/transpile.h"
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

TEST_CASE("Native gates of IonQ read the same as the program that they were written from", "[formats]") {
  for (const IonqGates set : {IonqGates::ms, IonqGates::zz})
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      INFO("seed " << seed << ", " << (set == IonqGates::ms ? "ms" : "zz"));
      const DeviceProgram program =
          random_with_inputs(seed, 2 + static_cast<int>(seed % 4), 40, static_cast<int>(seed % 3));
      CHECK_THROWS_WITH(ionq_input(program, set), Catch::Contains("expected"));
      const std::vector<double> values = input_values_of(program);
      const DeviceProgram native = with_inputs(transpile(program, ionq_target(set)).program, values);
      const nlohmann::json input = ionq_input(native, set);
      CHECK(input["gateset"] == "native");
      const DeviceProgram read = read_ionq(input, "test");
      // Rounding of some hundred gates.
      const Eigen::VectorXd expected = oracle::distribution(state_of(program, values), program.measured);
      CHECK((oracle::distribution(state_of(read), native.measured) - expected).cwiseAbs().maxCoeff() < 1e-12);
      // Between gates of two qubits nothing takes more than two pulses.
      std::map<int, int> pulses;
      for (const auto& gate : input["circuit"]) {
        if (gate.contains("targets")) {
          for (const auto& qubit : gate["targets"]) pulses[qubit.get<int>()] = 0;
        } else {
          CHECK(++pulses[gate["target"].get<int>()] <= 2);
        }
      }
    }
}

TEST_CASE("A rotation of a pair is one native gate of IonQ, whatever its angle", "[formats]") {
  for (const double angle : {0.4, -0.4, 1.5, 2.5, -3.0, 7.0})
    for (const bool by_input : {false, true}) {
      DeviceProgram program;
      program.name = "pair";
      program.qubits = 2;
      if (by_input) program.inputs = {"a"};
      const AngleSum sum = by_input ? AngleSum{0.0, {{0, angle}}} : AngleSum{angle, {}};
      program.ops = {{DeviceGate::ry, 0, -1, {0.7, {}}}, {DeviceGate::rx, 1, -1, {-1.1, {}}},
                     {DeviceGate::cx, 0, 1, {}},         {DeviceGate::rz, 1, -1, sum},
                     {DeviceGate::cx, 0, 1, {}},         {DeviceGate::rx, 0, -1, {0.9, {}}}};
      program.measured = {0, 1};
      const std::vector<double> values(program.inputs.size(), 1.0);
      const Eigen::VectorXd expected = oracle::distribution(state_of(program, values), program.measured);
      for (const IonqGates set : {IonqGates::ms, IonqGates::zz}) {
        INFO(angle << (by_input ? " by an input, " : ", ") << (set == IonqGates::ms ? "ms" : "zz"));
        const DeviceProgram native = with_inputs(transpile(program, ionq_target(set)).program, values);
        CHECK(two_qubit_gates(native) == 1);
        const nlohmann::json circuit = ionq_circuit(native, set);
        for (const auto& gate : circuit)
          if (gate.contains("angle")) CHECK(std::abs(gate["angle"].get<double>()) <= 0.25);
        const DeviceProgram read = read_ionq(ionq_input(native, set), "test");
        CHECK((oracle::distribution(state_of(read), native.measured) - expected).cwiseAbs().maxCoeff() <
              1e-12);
      }
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

TEST_CASE("Native gates of IonQ mean what its documentation says", "[formats]") {
  // GPI(p) = [[0, e^-ip], [e^ip, 0]], GPI2(p) = [[1, -i e^-ip], [-i e^ip, 1]] / sqrt 2 and MS(p, q, t) =
  // exp(-i t/2 GPI(p) x GPI(q)), p, q and t in turns; ZZ(t) = exp(-i t/2 ZZ).
  using std::complex;
  const auto phase = [](double turns) { return std::polar(1.0, 2 * pi * turns); };
  const auto gpi = [&](double turns) {
    Eigen::Matrix2cd matrix;
    matrix << 0, std::conj(phase(turns)), phase(turns), 0;
    return matrix;
  };
  const auto gpi2 = [&](double turns) {
    const complex<double> i(0, 1);
    return Eigen::Matrix2cd((Eigen::Matrix2cd::Identity() - i * gpi(turns)) / std::sqrt(2.0));
  };
  const auto on = [](const Eigen::Matrix2cd& zero, const Eigen::Matrix2cd& one) {  // qubit 0 is the low bit
    Eigen::Matrix4cd matrix;
    for (int r = 0; r < 4; ++r)
      for (int c = 0; c < 4; ++c) matrix(r, c) = one(r >> 1, c >> 1) * zero(r & 1, c & 1);
    return matrix;
  };
  const Eigen::Matrix2cd unit = Eigen::Matrix2cd::Identity();
  const auto turned = [&](const Eigen::Matrix4cd& generator, double turns) {
    return Eigen::Matrix4cd(std::cos(pi * turns) * Eigen::Matrix4cd::Identity() -
                            complex<double>(0, std::sin(pi * turns)) * generator);
  };
  const auto zz = [&](double turns) { return turned(on(pauli('Z'), pauli('Z')), turns); };
  const Eigen::Vector4cd before = zz(0.15) * on(gpi2(0.1), gpi2(-0.3)) * Eigen::Vector4cd(1, 0, 0, 0);
  const std::pair<const char*, Eigen::Matrix4cd> cases[] = {
      {R"({"gate":"gpi","target":1,"phase":0.2})", on(unit, gpi(0.2))},
      {R"({"gate":"gpi2","targets":[0],"phase":-0.7})", on(gpi2(-0.7), unit)},
      {R"({"gate":"ms","targets":[0,1],"phases":[0.3,-0.1]})", turned(on(gpi(0.3), gpi(-0.1)), 0.25)},
      {R"({"gate":"ms","targets":[1,0],"phases":[0.3,-0.1],"angle":0.07})",
       turned(on(gpi(-0.1), gpi(0.3)), 0.07)},
      {R"({"gate":"zz","targets":[1,0],"angle":-0.2})", zz(-0.2)},
      {R"({"gate":"nop","target":0,"time":1})", Eigen::Matrix4cd::Identity()},
  };
  for (const auto& [gate, matrix] : cases) {
    INFO(gate);
    const State expected = matrix * before;
    CHECK(distance(state_of(read_ionq(in_native_ionq(gate), "test")), expected) < 1e-12);
  }
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
    entry["braket"] = write(program.name + "_braket.qasm3", write_braket(bound));
    entry["ionq"] = write(program.name + ".json", ionq_input(bound).dump());
    for (const IonqGates set : {IonqGates::ms, IonqGates::zz}) {
      const std::string name = set == IonqGates::ms ? "ms" : "zz";
      const DeviceProgram native = with_inputs(transpile(program, ionq_target(set)).program, values);
      entry[name] = write(program.name + "_" + name + ".json", ionq_input(native, set).dump());
    }
    DeviceProgram physical = bound;
    physical.physical = true;
    entry["physical"] = write(program.name + "_physical.qasm3", write_qasm3(physical));
    list.push_back(entry);
  }
  write("programs.json", list.dump());
}
