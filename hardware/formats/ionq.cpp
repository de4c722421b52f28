// SPDX-License-Identifier: Apache-2.0
#include "hardware/formats/ionq.h"

#include <algorithm>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

void append(nlohmann::ordered_json& list, const DeviceOp& op) {
  const auto qubit = [&](int number) { return number == 0 ? op.q0 : op.q1; };
  for (const IonqPart& part : info(op.gate).ionq) {
    nlohmann::ordered_json gate{{"gate", part.name}};
    if (part.control >= 0) gate["control"] = qubit(part.control);
    gate["target"] = qubit(part.target);
    if (part.turns) gate["rotation"] = op.angle.constant;
    list.push_back(std::move(gate));
  }
}

}  // namespace

nlohmann::ordered_json ionq_circuit(const DeviceProgram& program) {
  if (!program.inputs.empty())
    throw usage_error("program " + program.name +
                      ": IonQ's circuits have no inputs: expected a bound program");
  if (!program.delays.empty())
    throw usage_error("program " + program.name +
                      ": IonQ's circuits have no delays: expected a program without dynamical decoupling");
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
