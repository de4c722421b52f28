// SPDX-License-Identifier: Apache-2.0
#include "hardware/isa.h"

#include <algorithm>

namespace qmtl {

std::string isa_problem(const DeviceProgram& program, const DeviceTarget& target) {
  if (target.qubits > 0 && program.qubits > target.qubits)
    return "the circuit has " + std::to_string(program.qubits) + " qubits, the system " +
           std::to_string(target.qubits);
  if (!target.coupling.empty() && !program.physical)
    return "the circuit is not on physical qubits ($0, $1, ...)";
  const auto coupled = [&](int a, int b) {
    return std::find(target.coupling.begin(), target.coupling.end(), std::pair(a, b)) !=
           target.coupling.end();
  };
  for (const DeviceOp& op : program.ops) {
    const bool two = op.q1 >= 0;
    const bool known = target.basis.empty() ||
                       std::find(target.basis.begin(), target.basis.end(), op.gate) != target.basis.end();
    const bool placed = !two || target.coupling.empty() || coupled(op.q0, op.q1) ||
                        (is_symmetric(op.gate) && coupled(op.q1, op.q0));
    if (known && placed) continue;
    return "The instruction " + std::string(info(op.gate).name) + " on qubits (" + std::to_string(op.q0) +
           (two ? ", " + std::to_string(op.q1) : ",") + ") is not supported by the target system";
  }
  return "";
}

std::string pair_angle_problem(const Sweep& sweep) {
  constexpr double slack = 1e-9;  // of rounding; services round too
  for (const DeviceOp& op : sweep.program.ops) {
    if (!is_pair_rotation(op.gate)) continue;
    for (std::size_t row = 0; row < sweep.rows; ++row) {
      const double angle = value(op.angle, sweep.row(row));
      if (!(angle >= -slack && angle <= half_pi + slack))
        return "row " + std::to_string(row) + ": expected angles of " + std::string(info(op.gate).name) +
               " from 0 to pi/2, found " + std::to_string(angle);
    }
  }
  return "";
}

}  // namespace qmtl
