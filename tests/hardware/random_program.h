// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>
#include <vector>

#include "hardware/mitigation/basis_gates.h"
#include "hardware/program.h"
#include "hardware/target.h"

namespace qmtl {

/// A bound program of random gates of a basis (empty: all) that reads every qubit.
inline DeviceProgram random_program(unsigned seed, int qubits, int gates,
                                    const std::vector<DeviceGate>& basis = {}) {
  std::mt19937 random(seed);
  const auto below = [&](int count) { return static_cast<int>(random() % static_cast<unsigned>(count)); };
  DeviceProgram program;
  program.name = "random";
  program.qubits = qubits;
  while (static_cast<int>(program.ops.size()) < gates) {
    const DeviceGateInfo& row = device_gates[static_cast<std::size_t>(below(device_gates.size()))];
    if (!in_basis(basis, row.gate)) continue;
    DeviceOp op{row.gate, below(qubits), -1, {}};
    if (row.qubits == 2) op.q1 = (op.q0 + 1 + below(qubits - 1)) % qubits;
    if (row.angle) op.angle.constant = 3.0 * static_cast<double>(random()) / 4294967296.0;
    program.ops.push_back(op);
  }
  for (int q = 0; q < qubits; ++q) program.measured.push_back(q);
  return program;
}

}  // namespace qmtl
