// SPDX-License-Identifier: Apache-2.0
#include "hardware/formats/qasm_writer.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace qmtl {
namespace {

/// 17 digits read back as the same double; a digit and a point always, since some readers take 1e-05 only
/// with a point.
std::string number(double value) {
  std::string result = significant(value, 17);
  if (result.find_first_of(".ni") == std::string::npos) {
    const std::size_t exponent = result.find('e');
    result.insert(exponent == std::string::npos ? result.size() : exponent, ".0");
  }
  return result;
}

std::string expression(const DeviceProgram& program, const AngleSum& angle) {
  std::string text;
  for (const AngleTerm& term : angle.terms) {
    const std::string& name = program.inputs[static_cast<std::size_t>(term.input)];
    if (term.coefficient == 1.0)
      text += (text.empty() ? "" : " + ") + name;
    else if (term.coefficient == -1.0)
      text += (text.empty() ? "-" : " - ") + name;
    else
      text += (text.empty() ? "" : " + ") + number(term.coefficient) + " * " + name;
  }
  if (text.empty()) return number(angle.constant);
  if (angle.constant > 0) text += " + " + number(angle.constant);
  if (angle.constant < 0) text += " - " + number(-angle.constant);
  return text;
}

bool uses(const DeviceProgram& program, DeviceGate gate) {
  return std::any_of(program.ops.begin(), program.ops.end(),
                     [&](const DeviceOp& op) { return op.gate == gate; });
}

std::string_view own_name(const DeviceGateInfo& row) { return row.name; }
std::string_view braket_name(const DeviceGateInfo& row) { return row.braket.empty() ? row.name : row.braket; }

std::string gate_lines(const DeviceProgram& program,
                       std::string_view (*name)(const DeviceGateInfo& row) = own_name) {
  const auto qubit = [&](int number) {
    return program.physical ? "$" + std::to_string(number) : "q[" + std::to_string(number) + "]";
  };
  std::string text;
  auto delay = program.delays.begin();
  const auto delays_before = [&](std::size_t number) {
    for (; delay != program.delays.end() && delay->before <= number; ++delay)
      text += "delay[" + significant(1e9 * delay->seconds, 12) + "ns] " + qubit(delay->qubit) + ";\n";
  };
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    const DeviceOp& op = program.ops[i];
    delays_before(i);
    text += name(info(op.gate));
    if (info(op.gate).angle) text += "(" + expression(program, op.angle) + ")";
    text += " " + qubit(op.q0);
    if (op.q1 >= 0) text += ", " + qubit(op.q1);
    text += ";\n";
  }
  delays_before(program.ops.size());
  return text;
}

}  // namespace

std::string write_qasm3(const DeviceProgram& program) {
  check(program);
  std::string text = "OPENQASM 3.0;\ninclude \"stdgates.inc\";\n";
  for (const DeviceGateInfo& row : device_gates)
    if (!row.qasm3.empty() && !program.physical && uses(program, row.gate))
      text += std::string(row.qasm3) + "\n";
  for (const std::string& input : program.inputs) text += "input float[64] " + input + ";\n";
  if (!program.measured.empty()) text += "bit[" + std::to_string(program.measured.size()) + "] c;\n";
  if (!program.physical) text += "qubit[" + std::to_string(program.qubits) + "] q;\n";
  text += gate_lines(program);
  for (std::size_t bit = 0; bit < program.measured.size(); ++bit) {
    const std::string qubit = std::to_string(program.measured[bit]);
    text += "c[" + std::to_string(bit) + "] = measure " +
            (program.physical ? "$" + qubit : "q[" + qubit + "]") + ";\n";
  }
  return text;
}

std::string write_braket(const DeviceProgram& program) {
  check(program);
  if (!program.inputs.empty() || !program.delays.empty() || program.physical)
    throw usage_error("program " + program.name +
                      ": expected a bound program without delays and device's qubits for Amazon Braket");
  std::string text = "OPENQASM 3.0;\n";
  if (!program.measured.empty()) text += "bit[" + std::to_string(program.measured.size()) + "] c;\n";
  text += "qubit[" + std::to_string(program.qubits) + "] q;\n" + gate_lines(program, braket_name);
  for (std::size_t bit = 0; bit < program.measured.size(); ++bit)
    text += "c[" + std::to_string(bit) + "] = measure q[" + std::to_string(program.measured[bit]) + "];\n";
  return text;
}

std::string write_qasm2(const DeviceProgram& program) {
  check(program);
  if (!program.inputs.empty())
    throw usage_error("program " + program.name +
                      ": OpenQASM 2 has no inputs: expected a bound program, found " +
                      std::to_string(program.inputs.size()) + " inputs");
  if (!program.delays.empty())
    throw usage_error("program " + program.name +
                      ": OpenQASM 2 has no delays: expected a program without dynamical decoupling");
  DeviceProgram declared = program;
  declared.physical = false;
  std::string text = "OPENQASM 2.0;\ninclude \"qelib1.inc\";\n";
  DeviceProgram plain = declared;
  plain.ops.clear();
  for (const DeviceOp& op : declared.ops) {
    if (info(op.gate).qasm2.empty()) plain.ops.push_back(op);
    for (const DevicePart& part : info(op.gate).qasm2) {
      const auto qubit = [&](int number) { return number < 0 ? -1 : number == 0 ? op.q0 : op.q1; };
      plain.ops.push_back({part.gate,
                           qubit(part.first),
                           qubit(part.second),
                           {part.constant + part.factor * op.angle.constant, {}}});
    }
  }
  text += "qreg q[" + std::to_string(program.qubits) + "];\n";
  if (!program.measured.empty()) text += "creg c[" + std::to_string(program.measured.size()) + "];\n";
  text += gate_lines(plain);
  for (std::size_t bit = 0; bit < program.measured.size(); ++bit)
    text += "measure q[" + std::to_string(program.measured[bit]) + "] -> c[" + std::to_string(bit) + "];\n";
  return text;
}

}  // namespace qmtl
