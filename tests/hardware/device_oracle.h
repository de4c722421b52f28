// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <complex>
#include <span>
#include <vector>

#include "hardware/program.h"

/// Probabilities of a program's readings by their definition: every gate's matrix, written out, on a dense
/// statevector. Shares no code with the simulator.
namespace qmtl::oracle {

using Amplitude = std::complex<double>;
using Square = std::vector<std::vector<Amplitude>>;

/// 2 x 2, or 4 x 4 with index = bit of the first qubit + 2 * bit of the second.
inline Square device_matrix(DeviceGate gate, double a) {
  const Amplitude i(0, 1);
  const double c = std::cos(a / 2), s = std::sin(a / 2);
  const Amplitude minus = std::exp(-i * (a / 2)), plus = std::exp(i * (a / 2));
  switch (gate) {
    case DeviceGate::rx:
      return {{c, -i * s}, {-i * s, c}};
    case DeviceGate::ry:
      return {{c, -s}, {s, c}};
    case DeviceGate::rz:
      return {{minus, 0}, {0, plus}};
    case DeviceGate::x:
      return {{0, 1}, {1, 0}};
    case DeviceGate::sx:
      return {{Amplitude(0.5, 0.5), Amplitude(0.5, -0.5)}, {Amplitude(0.5, -0.5), Amplitude(0.5, 0.5)}};
    case DeviceGate::cx:
      return {{1, 0, 0, 0}, {0, 0, 0, 1}, {0, 0, 1, 0}, {0, 1, 0, 0}};
    case DeviceGate::cz:
      return {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, -1}};
    case DeviceGate::rzz:
      return {{minus, 0, 0, 0}, {0, plus, 0, 0}, {0, 0, plus, 0}, {0, 0, 0, minus}};
  }
  return {};
}

inline std::vector<double> device_probabilities(const DeviceProgram& program,
                                                std::span<const double> inputs) {
  std::vector<Amplitude> state(std::size_t{1} << program.qubits, 0.0);
  state[0] = 1.0;
  for (const DeviceOp& op : program.ops) {
    const Square m = device_matrix(op.gate, value(op.angle, inputs));
    std::vector<Amplitude> next(state.size(), 0.0);
    for (std::size_t column = 0; column < state.size(); ++column) {
      const std::size_t bit0 = column >> op.q0 & 1, bit1 = op.q1 < 0 ? 0 : column >> op.q1 & 1;
      for (std::size_t to = 0; to < m.size(); ++to) {
        std::size_t row = (column & ~(std::size_t{1} << op.q0)) | (to & 1) << op.q0;
        if (op.q1 >= 0) row = (row & ~(std::size_t{1} << op.q1)) | (to >> 1) << op.q1;
        next[row] += m[to][bit0 + 2 * bit1] * state[column];
      }
    }
    state = next;
  }
  std::vector<double> probabilities(std::size_t{1} << program.measured.size(), 0.0);
  for (std::size_t index = 0; index < state.size(); ++index) {
    std::size_t bits = 0;
    for (std::size_t c = 0; c < program.measured.size(); ++c) bits |= (index >> program.measured[c] & 1) << c;
    probabilities[bits] += std::norm(state[index]);
  }
  return probabilities;
}

}  // namespace qmtl::oracle
