// SPDX-License-Identifier: Apache-2.0
#include "hardware/mitigation/basis_gates.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

constexpr double pi = std::numbers::pi;

DeviceOp rotation(DeviceGate gate, int qubit, double angle) { return {gate, qubit, -1, {angle, {}}}; }

std::string basis_text(std::span<const DeviceGate> basis) {
  std::string text;
  for (DeviceGate gate : basis) text += (text.empty() ? "" : ", ") + std::string(info(gate).name);
  return text;
}

DeviceOp negated(DeviceOp op) {
  op.angle.constant = -op.angle.constant;
  for (AngleTerm& term : op.angle.terms) term.coefficient = -term.coefficient;
  return op;
}

}  // namespace

bool in_basis(std::span<const DeviceGate> basis, DeviceGate gate) {
  return basis.empty() || std::find(basis.begin(), basis.end(), gate) != basis.end();
}

DeviceProgram empty_program(const std::string& name, std::span<const int> qubits,
                            const DeviceTarget& target) {
  DeviceProgram program;
  program.name = name;
  program.physical = !target.basis.empty() || !target.coupling.empty();
  program.measured.assign(qubits.begin(), qubits.end());
  for (int qubit : qubits) program.qubits = std::max(program.qubits, qubit + 1);
  if (program.physical && target.qubits > 0) program.qubits = target.qubits;
  check(program);
  return program;
}

std::vector<DeviceOp> flip(int qubit, std::span<const DeviceGate> basis) {
  // Pulses first: rotations take an angle to be calibrated.
  for (bool pulse : {true, false})
    for (const DeviceGateInfo& row : device_gates) {
      if (row.qubits != 1 || is_diagonal(row.gate) || row.angle == pulse || !in_basis(basis, row.gate))
        continue;
      if (!pulse) return {rotation(row.gate, qubit, pi)};
      return std::vector<DeviceOp>(static_cast<std::size_t>(std::lround(pi / row.turn)),
                                   {row.gate, qubit, -1, {}});
    }
  throw usage_error("expected x, sx, rx or ry in the device's basis to flip a qubit, found " +
                    basis_text(basis));
}

std::vector<DeviceOp> inverse(const DeviceOp& op, std::span<const DeviceGate> basis) {
  const DeviceGateInfo& row = info(op.gate);
  if (is_own_inverse(op.gate)) return {op};
  if (row.angle && (row.qubits == 1 || basis.empty())) return {negated(op)};
  if (row.angle) {
    std::vector<DeviceOp> ops = flip(op.q0, basis);
    ops.push_back(op);
    for (const DeviceOp& back : flip(op.q0, basis)) ops.push_back(back);
    return ops;
  }
  const DeviceGate about_z = device_rotation("Z");
  if (in_basis(basis, about_z)) return {rotation(about_z, op.q0, pi), op, rotation(about_z, op.q0, -pi)};
  return std::vector<DeviceOp>(static_cast<std::size_t>(std::lround(2 * pi / row.turn)) - 1, op);
}

}  // namespace qmtl
