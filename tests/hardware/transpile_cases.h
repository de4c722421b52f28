#pragma once

#include <Eigen/Core>
#include <complex>
#include <map>
#include <numbers>
#include <vector>

#include "hardware/program.h"

/// The state of a program for devices, gate by gate by definition; it shares no code with the transpiler.
namespace qmtl::oracle {

using State = Eigen::VectorXcd;

inline Eigen::Matrix2cd pauli(char name) {
  const std::complex<double> i{0, 1};
  Eigen::Matrix2cd matrix = Eigen::Matrix2cd::Identity();
  if (name == 'X') matrix << 0, 1, 1, 0;
  if (name == 'Y') matrix << 0, -i, i, 0;
  if (name == 'Z') matrix << 1, 0, 0, -1;
  return matrix;
}

inline Eigen::Matrix2cd rotation(char axis, double angle) {
  return std::cos(angle / 2) * Eigen::Matrix2cd::Identity() -
         std::complex<double>(0, std::sin(angle / 2)) * pauli(axis);
}

inline void apply_one(State& state, int qubit, const Eigen::Matrix2cd& matrix) {
  const Eigen::Index bit = Eigen::Index{1} << qubit;
  for (Eigen::Index i = 0; i < state.size(); ++i) {
    if (i & bit) continue;
    const Eigen::Vector2cd pair{state[i], state[i | bit]};
    const Eigen::Vector2cd moved = matrix * pair;
    state[i] = moved[0];
    state[i | bit] = moved[1];
  }
}

inline void apply(State& state, DeviceGate gate, int a, int b, double angle) {
  const std::complex<double> i{0, 1};
  const auto bit = [](Eigen::Index index, int qubit) { return (index >> qubit) & 1; };
  switch (gate) {
    case DeviceGate::rx:
      return apply_one(state, a, rotation('X', angle));
    case DeviceGate::ry:
      return apply_one(state, a, rotation('Y', angle));
    case DeviceGate::rz:
      return apply_one(state, a, rotation('Z', angle));
    case DeviceGate::x:
      return apply_one(state, a, pauli('X'));
    case DeviceGate::sx: {
      Eigen::Matrix2cd root;
      root << 1.0 + i, 1.0 - i, 1.0 - i, 1.0 + i;
      return apply_one(state, a, root / 2);
    }
    case DeviceGate::cx:
      for (Eigen::Index k = 0; k < state.size(); ++k)
        if (bit(k, a) && !bit(k, b)) std::swap(state[k], state[k | (Eigen::Index{1} << b)]);
      return;
    case DeviceGate::cz:
      for (Eigen::Index k = 0; k < state.size(); ++k)
        if (bit(k, a) && bit(k, b)) state[k] = -state[k];
      return;
    case DeviceGate::rzz:
      for (Eigen::Index k = 0; k < state.size(); ++k)
        state[k] *= std::exp(-i * (angle / 2) * (bit(k, a) == bit(k, b) ? 1.0 : -1.0));
      return;
  }
}

/// State of the qubits in `slots` (qubit -> bit of the index); every gate's qubits must be there.
inline State state_of(const DeviceProgram& program, const std::vector<double>& inputs,
                      const std::map<int, int>& slots) {
  State state = State::Zero(Eigen::Index{1} << slots.size());
  state[0] = 1;
  for (const DeviceOp& op : program.ops) {
    double angle = op.angle.constant;
    for (const AngleTerm& term : op.angle.terms)
      angle += term.coefficient * inputs[static_cast<std::size_t>(term.input)];
    apply(state, op.gate, slots.at(op.q0), op.q1 < 0 ? -1 : slots.at(op.q1), angle);
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
