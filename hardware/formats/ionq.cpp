// SPDX-License-Identifier: Apache-2.0
#include "hardware/formats/ionq.h"

#include <algorithm>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

nlohmann::ordered_json gate(const char* name, int target) { return {{"gate", name}, {"target", target}}; }
nlohmann::ordered_json cnot(int control, int target) {
  return {{"gate", "cnot"}, {"control", control}, {"target", target}};
}
nlohmann::ordered_json rotation(const char* name, int target, double angle) {
  return {{"gate", name}, {"target", target}, {"rotation", angle}};
}

void append(nlohmann::ordered_json& list, const DeviceOp& op) {
  const double angle = op.angle.constant;
  switch (op.gate) {
    case DeviceGate::rx:
    case DeviceGate::ry:
    case DeviceGate::rz:
      list.push_back(rotation(std::string(info(op.gate).name).c_str(), op.q0, angle));
      return;
    case DeviceGate::x:
      list.push_back(gate("x", op.q0));
      return;
    case DeviceGate::sx:
      list.push_back(gate("v", op.q0));
      return;
    case DeviceGate::cx:
      list.push_back(cnot(op.q0, op.q1));
      return;
    case DeviceGate::cz:
      list.push_back(gate("h", op.q1));
      list.push_back(cnot(op.q0, op.q1));
      list.push_back(gate("h", op.q1));
      return;
    case DeviceGate::rzz:
      list.push_back(cnot(op.q0, op.q1));
      list.push_back(rotation("rz", op.q1, angle));
      list.push_back(cnot(op.q0, op.q1));
      return;
  }
}

}  // namespace

nlohmann::ordered_json ionq_circuit(const DeviceProgram& program) {
  if (!program.inputs.empty())
    throw usage_error("program " + program.name +
                      ": IonQ's circuits have no inputs: expected a bound program");
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const DeviceOp& op : program.ops) append(list, op);
  return list;
}

nlohmann::ordered_json ionq_inputs(std::span<const DeviceProgram> programs) {
  int qubits = 0;
  nlohmann::ordered_json circuits = nlohmann::ordered_json::array();
  for (const DeviceProgram& program : programs) {
    qubits = std::max(qubits, program.qubits);
    circuits.push_back(
        {{"name", program.name}, {"qubits", program.qubits}, {"circuit", ionq_circuit(program)}});
  }
  return {{"qubits", qubits}, {"gateset", "qis"}, {"circuits", circuits}};
}

nlohmann::ordered_json ionq_input(const DeviceProgram& program) {
  return {{"qubits", program.qubits}, {"gateset", "qis"}, {"circuit", ionq_circuit(program)}};
}

}  // namespace qmtl
