// SPDX-License-Identifier: Apache-2.0
#include "hardware/program.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

bool is_identifier(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || digit(c); });
}

[[noreturn]] void refuse(const DeviceProgram& program, const std::string& what) {
  throw usage_error("program " + program.name + ": " + what);
}

void check_angle(const DeviceProgram& program, const DeviceOp& op, const std::string& where) {
  if (!std::isfinite(op.angle.constant)) refuse(program, where + ": expected a finite angle");
  if (!info(op.gate).angle && op.angle != AngleSum{}) refuse(program, where + ": this gate has no angle");
  int last = -1;
  for (const AngleTerm& term : op.angle.terms) {
    if (term.input <= last || term.input >= static_cast<int>(program.inputs.size()))
      refuse(program, where + ": expected inputs 0 .. " + std::to_string(program.inputs.size()) +
                          " (exclusive) in ascending order, found " + std::to_string(term.input));
    if (!std::isfinite(term.coefficient) || term.coefficient == 0.0)
      refuse(program, where + ": expected coefficients that are finite and not zero");
    last = term.input;
  }
}

}  // namespace

std::string listed_device_gates() {
  std::string names;
  for (const DeviceGateInfo& row : device_gates) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

AngleSum turn_of(const DeviceOp& op) {
  return is_pulse(op.gate) ? AngleSum{info(op.gate).turn, {}} : op.angle;
}

double value(const AngleSum& angle, std::span<const double> inputs) {
  double sum = angle.constant;
  for (const AngleTerm& term : angle.terms)
    sum += term.coefficient * inputs[static_cast<std::size_t>(term.input)];
  return sum;
}

DeviceProgram with_inputs(const DeviceProgram& program, std::span<const double> inputs) {
  if (inputs.size() != program.inputs.size())
    throw usage_error("program '" + program.name + "': expected " + std::to_string(program.inputs.size()) +
                      " inputs, found " + std::to_string(inputs.size()));
  DeviceProgram bound = program;
  bound.inputs.clear();
  for (DeviceOp& op : bound.ops) op.angle = {value(op.angle, inputs), {}};
  return bound;
}

void check(const DeviceProgram& program) {
  if (!is_identifier(program.name)) refuse(program, "expected a name of letters, digits and _");
  if (program.qubits < 1) refuse(program, "expected at least one qubit");
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    if (!is_identifier(program.inputs[i]))
      refuse(program, "input '" + program.inputs[i] + "': expected letters, digits and _");
    if (i > 0 && program.inputs[i - 1] >= program.inputs[i])
      refuse(program, "input '" + program.inputs[i] + "': expected names in ascending order");
  }
  const auto outside = [&](int qubit) { return qubit < 0 || qubit >= program.qubits; };
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    const DeviceOp& op = program.ops[i];
    const std::string where = "operation " + std::to_string(i) + " (" + std::string(info(op.gate).name) + ")";
    const bool two = info(op.gate).qubits == 2;
    if (outside(op.q0) || (two && (outside(op.q1) || op.q0 == op.q1)) || (!two && op.q1 != -1))
      refuse(program, where + ": expected " + (two ? "two different qubits" : "one qubit") + " below " +
                          std::to_string(program.qubits) + ", found " + std::to_string(op.q0) +
                          (op.q1 == -1 ? "" : " and " + std::to_string(op.q1)));
    check_angle(program, op, where);
  }
  std::size_t last = 0;
  for (const Delay& delay : program.delays) {
    if (delay.before < last || delay.before > program.ops.size() || outside(delay.qubit) ||
        !(delay.seconds >= 0 && delay.seconds < 1))
      refuse(program, "delay in front of operation " + std::to_string(delay.before) +
                          ": expected one of up to " + std::to_string(program.ops.size()) +
                          " operations in ascending order, a qubit of the program and 0 to 1 second");
    last = delay.before;
  }
  std::vector<bool> read(static_cast<std::size_t>(program.qubits), false);
  for (int qubit : program.measured) {
    if (outside(qubit)) refuse(program, "reading of qubit " + std::to_string(qubit) + ": no such qubit");
    if (read[static_cast<std::size_t>(qubit)])
      refuse(program, "qubit " + std::to_string(qubit) + " is read twice");
    read[static_cast<std::size_t>(qubit)] = true;
  }
}

}  // namespace qmtl
