// SPDX-License-Identifier: Apache-2.0
#include "hardware/mitigation/basis_gates.h"

#include <algorithm>
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
  if (in_basis(basis, DeviceGate::x)) return {{DeviceGate::x, qubit, -1, {}}};
  if (in_basis(basis, DeviceGate::sx))
    return {{DeviceGate::sx, qubit, -1, {}}, {DeviceGate::sx, qubit, -1, {}}};
  if (in_basis(basis, DeviceGate::rx)) return {rotation(DeviceGate::rx, qubit, pi)};
  if (in_basis(basis, DeviceGate::ry)) return {rotation(DeviceGate::ry, qubit, pi)};
  throw usage_error("expected x, sx, rx or ry in the device's basis to flip a qubit, found " +
                    basis_text(basis));
}

std::vector<DeviceOp> inverse(const DeviceOp& op, std::span<const DeviceGate> basis) {
  switch (op.gate) {
    case DeviceGate::x:
    case DeviceGate::cx:
    case DeviceGate::cz:
      return {op};
    case DeviceGate::rx:
    case DeviceGate::ry:
    case DeviceGate::rz:
      return {negated(op)};
    case DeviceGate::rzz: {
      if (basis.empty()) return {negated(op)};
      std::vector<DeviceOp> ops = flip(op.q0, basis);
      ops.push_back(op);
      for (const DeviceOp& back : flip(op.q0, basis)) ops.push_back(back);
      return ops;
    }
    case DeviceGate::sx:
      if (in_basis(basis, DeviceGate::rz))
        return {rotation(DeviceGate::rz, op.q0, pi), op, rotation(DeviceGate::rz, op.q0, -pi)};
      return {op, op, op};
  }
  throw usage_error("gate " + std::string(info(op.gate).name) + " has no inverse in the basis " +
                    basis_text(basis));
}

}  // namespace qmtl
