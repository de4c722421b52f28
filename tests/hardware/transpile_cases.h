// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <array>
#include <map>
#include <vector>

#include "tests/hardware/device_oracle.h"

/// The state of a program for devices, gate by gate by definition; it shares no code with the transpiler.
namespace qmtl::oracle {

using State = Eigen::VectorXcd;

inline void apply(State& state, DeviceGate gate, int a, int b, double angle) {
  const Square matrix = device_matrix(gate, angle);
  const Eigen::Index first = Eigen::Index{1} << a, second = b < 0 ? 0 : Eigen::Index{1} << b;
  const auto place = [&](std::size_t k) { return (k & 1 ? first : 0) | (k & 2 ? second : 0); };
  std::array<Amplitude, 4> before;
  for (Eigen::Index i = 0; i < state.size(); ++i) {
    if (i & (first | second)) continue;
    for (std::size_t k = 0; k < matrix.size(); ++k) before[k] = state[i | place(k)];
    for (std::size_t row = 0; row < matrix.size(); ++row) {
      state[i | place(row)] = 0;
      for (std::size_t k = 0; k < matrix.size(); ++k) state[i | place(row)] += matrix[row][k] * before[k];
    }
  }
}

/// State of the qubits in `slots` (qubit -> bit of the index); every gate's qubits must be there.
inline State state_of(const DeviceProgram& program, const std::vector<double>& inputs,
                      const std::map<int, int>& slots) {
  State state = State::Zero(Eigen::Index{1} << slots.size());
  state[0] = 1;
  for (const DeviceOp& op : program.ops) {
    apply(state, op.gate, slots.at(op.q0), op.q1 < 0 ? -1 : slots.at(op.q1), value(op.angle, inputs));
  }
  return state;
}

/// Probability of every reading, bit c of the index = classical bit c.
inline Eigen::VectorXd distribution(const State& state, const std::vector<int>& bits) {
  Eigen::VectorXd result = Eigen::VectorXd::Zero(Eigen::Index{1} << bits.size());
  for (Eigen::Index k = 0; k < state.size(); ++k) {
    Eigen::Index reading = 0;
    for (std::size_t c = 0; c < bits.size(); ++c) reading |= ((k >> bits[c]) & 1) << c;
    result[reading] += std::norm(state[k]);
  }
  return result;
}

}  // namespace qmtl::oracle
