// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/device_properties.h"

#include <algorithm>

#include "hardware/device_circuit.h"
#include "hardware/transpile/properties_json.h"

namespace qmtl {
namespace {

/// Average infidelity of what acts after a gate, as if its channels were independent: the fidelities of their
/// Choi states multiply, exactly for Pauli channels to first order.
double gate_error(const std::vector<PlacedChannel>& placed, const std::vector<Channel>& channels, int arity) {
  double entanglement = 1;
  for (const PlacedChannel& at : placed) {
    const Channel& channel = channels[static_cast<std::size_t>(at.channel)];
    const double dim = channel.dim();
    entanglement *= ((dim + 1) * average_fidelity(channel) - 1) / dim;
  }
  const double dim = 1 << arity;
  return std::max(0.0, 1 - (dim * entanglement + 1) / (dim + 1));
}

/// The noise that a gate of a device meets on some qubits.
double error_of(const DeviceGateInfo& row, int q0, int q1, const NoiseModel& model, int qubits) {
  DeviceProgram program;
  program.name = "one";
  program.qubits = qubits;
  program.ops = {{row.gate, q0, q1, {}}};
  program.measured = {q0};
  const NoiseTable table(noise_for(program, model));
  std::vector<PlacedChannel> placed;
  for (const Op& op : DeviceCircuit(program, model).circuit.shared)
    for (const PlacedChannel& at : table.after(op)) placed.push_back(at);
  return gate_error(placed, table.channels(), row.qubits);
}

GateProperties gate_of(const DeviceGateInfo& row, int q0, int q1, const EmulatorOptions& options) {
  GateProperties gate;
  gate.gate = row.gate;
  gate.q0 = q0, gate.q1 = q1;
  gate.error = error_of(row, q0, q1, options.noise, options.target.qubits);
  gate.length = !takes_time(row.gate) ? 0.0 : row.qubits == 1 ? 32e-9 : 68e-9;
  return gate;
}

}  // namespace

std::vector<DeviceGate> emulated_gates(const DeviceTarget& target) {
  if (!target.basis.empty()) return target.basis;
  std::vector<DeviceGate> all;
  for (const DeviceGateInfo& row : device_gates) all.push_back(row.gate);
  return all;
}

DeviceProperties emulated_properties(const EmulatorOptions& options) {
  if (!options.properties.empty())
    return parse_properties(options.properties, "the properties of the emulated device");
  const DeviceTarget& target = options.target;
  const NoiseTable table(options.noise);
  DeviceProperties properties;
  for (int q = 0; q < target.qubits; ++q) {
    const ReadoutError& error = table.readout(q);
    properties.qubits.emplace_back();
    properties.qubits.back().readout_error = (error.p1_given_0 + error.p0_given_1) / 2;
  }
  const std::vector<std::pair<int, int>> all{{0, 1}};
  for (DeviceGate gate : emulated_gates(target)) {
    const DeviceGateInfo& row = info(gate);
    if (row.qubits == 1) {
      for (int q = 0; q < target.qubits; ++q) properties.gates.push_back(gate_of(row, q, -1, options));
    } else if (target.qubits > 1) {
      for (const auto& [a, b] : target.coupling.empty() ? all : target.coupling)
        properties.gates.push_back(gate_of(row, a, b, options));
    }
  }
  return properties;
}

}  // namespace qmtl
