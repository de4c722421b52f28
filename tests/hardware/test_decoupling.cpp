// SPDX-License-Identifier: Apache-2.0
// Waiting qubits: what turns them on a device, the pulses that turn it back, and how both go out and come in.
#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "hardware/device_circuit.h"
#include "hardware/emulator/qasm_reader.h"
#include "hardware/executor.h"
#include "hardware/formats/ionq.h"
#include "hardware/formats/qasm_writer.h"
#include "hardware/mitigation/variants.h"
#include "runtime/base/error.h"
#include "tests/hardware/device_oracle.h"
#include "tests/hardware/random_program.h"

using namespace qmtl;

namespace {

constexpr double pi = std::numbers::pi;
const std::vector<DeviceGate> heron{DeviceGate::cz, DeviceGate::rz, DeviceGate::sx, DeviceGate::x};

/// sx takes 30 ns, cz 70 ns; no errors but those of waiting.
NoiseModel lengths(IdleNoise idle = {}) {
  NoiseModel noise;
  noise.gates = {{Gate::rx, {}, {}, 2, 60e-9}, {Gate::cz, {}, {}, 1, 70e-9}};
  noise.idle = idle;
  return noise;
}

/// Qubit 0 is turned to the equator and waits while qubit 1 has ten pulses; then it is turned back and both
/// are read.
DeviceProgram waiting_program() {
  DeviceProgram program;
  program.name = "waits";
  program.qubits = 2;
  program.ops.push_back({DeviceGate::sx, 0, -1, {}});
  for (int i = 0; i < 10; ++i) program.ops.push_back({DeviceGate::sx, 1, -1, {}});
  program.ops.push_back({DeviceGate::cz, 0, 1, {}});
  program.ops.push_back({DeviceGate::sx, 0, -1, {}});
  program.measured = {0, 1};
  return program;
}

double z0(const std::vector<double>& probabilities) {
  double sum = 0;
  for (std::size_t bits = 0; bits < probabilities.size(); ++bits)
    sum += bits & 1 ? -probabilities[bits] : probabilities[bits];
  return sum;
}

double measured(const NoiseModel& noise, const DeviceProgram& program) {
  return z0(Executor(noise, 7).probabilities({program, 1, {}})[0]);
}

}  // namespace

TEST_CASE("A qubit that waits turns by its detuning and the time", "[decoupling]") {
  // It waits 9 pulses of 30 ns until the gate. sx RZ(a) sx has <Z> = -cos a, but for the gate, which qubit 1
  // in the state behind ten quarter turns (|1>) makes a half turn about Z: cos a.
  const double angle = 2 * pi * 4e5 * 9 * 30e-9;
  CHECK(measured(lengths(), waiting_program()) == Approx(1.0));
  CHECK(measured(lengths({4e5, 0}), waiting_program()) == Approx(std::cos(angle)).epsilon(1e-9));
  // A drift from shot to shot: exp(-(2 pi s t)^2 / 2) on average; 32 draws of a cosine, five deviations.
  const double spread = 2 * pi * 4e5 * 9 * 30e-9;
  const double mean = std::exp(-spread * spread / 2),
               deviation = std::sqrt((1 + std::exp(-2 * spread * spread)) / 2 - mean * mean);
  CHECK(std::abs(measured(lengths({0, 4e5}), waiting_program()) - mean) < 5 * deviation / std::sqrt(32));
  // A delay is time too, for whoever waits for the qubit: the qubit itself is in |0> and does not mind.
  DeviceProgram longer = waiting_program();
  longer.delays = {{0, 1, 1e-7}, {11, 0, 50e-9}};
  CHECK(measured(lengths({4e5, 0}), longer) == Approx(std::cos(angle / 270 * 370)).epsilon(1e-9));
  longer.delays = {{11, 1, 100e-9}};
  CHECK(measured(lengths({4e5, 0}), longer) == Approx(std::cos(angle / 270 * 370)).epsilon(1e-9));
}

TEST_CASE("Decoupling undoes what stays the same while qubits wait, and means the same", "[decoupling]") {
  for (DecouplingKind kind : {DecouplingKind::xx, DecouplingKind::xy4}) {
    const DeviceProgram plain = waiting_program(), pulsed = decoupled(plain, lengths(), kind, heron);
    INFO((kind == DecouplingKind::xx ? "XX" : "XY4"));
    check(pulsed);
    CHECK(pulsed.ops.size() >= plain.ops.size() + (kind == DecouplingKind::xx ? 2 : 4));
    CHECK(z0(oracle::device_probabilities(pulsed, {})) == Approx(1.0));
    // Symmetric sequences cancel it whole, at any detuning and for every drift.
    for (const IdleNoise& idle : {IdleNoise{4e5, 0}, IdleNoise{-2e6, 0}, IdleNoise{0, 1e6}})
      CHECK(measured(lengths(idle), pulsed) == Approx(1.0).epsilon(1e-9));
  }
  // Noise without memory is none of its business: the pulses' own errors come on top.
  NoiseModel memoryless = lengths();
  memoryless.gates[0].channels = {{depolarising(0.01, 1), -1}, {depolarising(0.01, 1), -1}};
  CHECK(measured(memoryless, decoupled(waiting_program(), memoryless, DecouplingKind::xy4, heron)) <
        measured(memoryless, waiting_program()));
  CHECK_THROWS_WITH(decoupled(waiting_program(), {}, DecouplingKind::xx, heron), Catch::Contains("--noise"));
  for (unsigned seed = 0; seed < 8; ++seed) {
    const DeviceProgram program = random_program(seed, 4, 40, heron);
    const DeviceProgram pulsed = decoupled(program, lengths(), DecouplingKind::xy4, heron);
    check(pulsed);
    const auto want = oracle::device_probabilities(program, {}),
               found = oracle::device_probabilities(pulsed, {});
    for (std::size_t i = 0; i < want.size(); ++i) CHECK(std::abs(found[i] - want[i]) < 1e-12);  // rounding
  }
}

TEST_CASE("Delays go out as OpenQASM 3 and come back", "[decoupling]") {
  DeviceProgram program = decoupled(waiting_program(), lengths(), DecouplingKind::xx, heron);
  program.physical = true;
  const std::string text = write_qasm3(program);
  INFO(text);
  CHECK(text.find("delay[52.5ns] $0;") != std::string::npos);  // (9 * 30 - 2 * 30) / 4
  CHECK(text.find("delay[105ns] $0;") != std::string::npos);
  const DeviceProgram back = read_qasm3(text, "text", {});
  REQUIRE(back.delays.size() == program.delays.size());
  for (std::size_t i = 0; i < back.delays.size(); ++i) {
    CHECK(back.delays[i].before == program.delays[i].before);
    CHECK(back.delays[i].qubit == program.delays[i].qubit);
    CHECK(back.delays[i].seconds == Approx(program.delays[i].seconds).epsilon(1e-11));  // twelve digits
  }
  CHECK(back.ops == program.ops);
  CHECK_THROWS_WITH(write_qasm2(program), Catch::Contains("no delays"));
  CHECK_THROWS_WITH(ionq_circuit(program), Catch::Contains("no delays"));
  for (const char* wrong :
       {"delay[1.5] $0;", "delay[3years] $0;", "delay[2s] $0;", "delay[5ns];", "delay 5ns $0;"})
    CHECK_THROWS_AS(
        read_qasm3(std::string("OPENQASM 3.0;\nbit[1] c;\n") + wrong + "\nc[0] = measure $0;\n", "text", {}),
        Error);
  CHECK_THROWS_WITH(read_qasm("delay[5ns] q[0];", "stage", {}, {1}), Catch::Contains("not supported"));
}
