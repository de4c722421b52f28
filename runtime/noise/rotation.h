// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <span>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// What a rotation turns by, of a sample's angles and the circuit's parameters.
inline double turned_by(const Op& op, std::span<const double> angles, std::span<const double> params) {
  return op.source == Source::angle ? angles[static_cast<std::size_t>(op.index)] : fixed_angle(op, params);
}

/// One-qubit transfer matrix, 4 x 4 row-major, that changes nothing.
inline constexpr std::array<double, 16> same_state{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};

/// Transfer matrix of a rotation: a turn of the Bloch vector about the gate's axis. `c`, `s`: the angle's
/// cosine and sine; on `rest` goes what does not turn.
inline std::array<double, 16> turn(Gate gate, double c, double s, std::array<double, 16> rest) {
  // The axes (1 X, 2 Y, 3 Z) that turn into each other: the first towards the second.
  const int about = axis(gate, 0) - 'X', from = (about + 1) % 3 + 1, to = (about + 2) % 3 + 1;
  const auto at = [&](int row, int column) -> double& {
    return rest[static_cast<std::size_t>(4 * row + column)];
  };
  at(from, from) = at(to, to) = c;
  at(to, from) = s;
  at(from, to) = -s;
  return rest;
}
inline std::array<double, 16> rotation(Gate gate, double angle) {
  return turn(gate, std::cos(angle), std::sin(angle), same_state);
}
/// Its derivative by the angle.
inline std::array<double, 16> rotation_slope(Gate gate, double angle) {
  return turn(gate, -std::sin(angle), std::cos(angle), {});
}

}  // namespace qmtl
