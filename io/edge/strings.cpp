// SPDX-License-Identifier: Apache-2.0
#include "io/edge/strings.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "runtime/base/math.h"

namespace qmtl {

bool PauliWord::minus() const { return ((phase - std::popcount(x & z)) & 3) == 2; }

PauliWord operator*(const PauliWord& a, const PauliWord& b) {
  return {a.x ^ b.x, a.z ^ b.z, (a.phase + b.phase + 2 * std::popcount(a.z & b.x)) & 3};
}

bool commute(const PauliWord& a, const PauliWord& b) {
  return ((std::popcount(a.x & b.z) + std::popcount(a.z & b.x)) & 1) == 0;
}

StringCircuit::StringCircuit(int qubits) {
  for (int q = 0; q < qubits; ++q) {
    x_.push_back({std::uint64_t{1} << q, 0, 0});
    z_.push_back({0, std::uint64_t{1} << q, 0});
  }
}

void StringCircuit::append(const std::vector<Op>& ops, const std::vector<double>& params) {
  for (const Op& op : ops) {
    const auto a = static_cast<std::size_t>(op.q0);
    if (!is_rotation(op.gate)) {
      const auto b = static_cast<std::size_t>(op.q1);
      // What anticommutes with one qubit's axis gets the other's as a factor.
      const char axis_a = axis(op.gate, 0), axis_b = axis(op.gate, 1);
      const PauliWord of_a = pauli(a, axis_a), of_b = pauli(b, axis_b);
      if (axis_a != 'X') x_[a] = x_[a] * of_b;
      if (axis_a != 'Z') z_[a] = z_[a] * of_b;
      if (axis_b != 'X') x_[b] = x_[b] * of_a;
      if (axis_b != 'Z') z_[b] = z_[b] * of_a;
      continue;
    }
    StringRotation rotation;
    rotation.string = pauli(a, axis(op.gate, 0));
    rotation.minus = rotation.string.minus();
    if (rotation.minus) rotation.string.phase = (rotation.string.phase + 2) & 3;
    if (op.source == Source::angle)
      rotation.angle.angles[op.index] = 1.0;
    else
      rotation.angle.constant = fixed_angle(op, params);
    rotations_.push_back(std::move(rotation));
  }
}

PauliWord StringCircuit::pauli(std::size_t qubit, char letter) const {
  if (letter == 'X') return x_[qubit];
  if (letter == 'Z') return z_[qubit];
  PauliWord y = x_[qubit] * z_[qubit];
  y.phase = (y.phase + 1) & 3;  // Y = i X Z
  return y;
}

PauliWord StringCircuit::readout(const std::vector<int>& qubits) const {
  PauliWord string;
  for (int q : qubits) string = string * z_[static_cast<std::size_t>(q)];
  return string;
}

namespace {

/// Adds another angle about the same string.
void join(StringRotation& to, const StringRotation& from) {
  const double sign = to.minus == from.minus ? 1.0 : -1.0;
  for (const auto& [angle, coefficient] : from.angle.angles)
    if ((to.angle.angles[angle] += sign * coefficient) == 0.0) to.angle.angles.erase(angle);
  to.angle.constant += sign * from.angle.constant;
}

}  // namespace

std::vector<StringRotation> simplify(const std::vector<StringRotation>& rotations,
                                     const std::vector<PauliWord>& measured) {
  std::vector<StringRotation> joined;
  for (const StringRotation& rotation : rotations) {
    std::size_t i = joined.size();
    while (i > 0 && joined[i - 1].string != rotation.string && commute(joined[i - 1].string, rotation.string))
      --i;
    if (i > 0 && joined[i - 1].string == rotation.string)
      join(joined[i - 1], rotation);
    else
      joined.push_back(rotation);
  }
  std::vector<StringRotation> kept;
  std::vector<PauliWord> later = measured;
  for (std::size_t i = joined.size(); i-- > 0;) {
    const PauliWord& string = joined[i].string;
    if (std::all_of(later.begin(), later.end(),
                    [&](const PauliWord& other) { return commute(string, other); }))
      continue;
    later.push_back(string);
    kept.push_back(joined[i]);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

void add_string(StringSum& sum, PauliWord string, double coefficient) {
  if (string.minus()) {
    string.phase = (string.phase + 2) & 3;
    coefficient = -coefficient;
  }
  sum[string] += coefficient;
}

StringSum push_back(StringSum sum, const std::vector<StringRotation>& rotations, std::size_t first,
                    std::size_t limit) {
  for (std::size_t i = rotations.size(); i-- > first;) {
    const StringRotation& rotation = rotations[i];
    const double angle = rotation.minus ? -rotation.angle.constant : rotation.angle.constant;
    StringSum before;
    for (const auto& [string, coefficient] : sum) {
      if (commute(string, rotation.string)) {
        add_string(before, string, coefficient);
        continue;
      }
      // e^(i a P / 2) S e^(-i a P / 2) = cos(a) S + i sin(a) P S.
      PauliWord other = rotation.string * string;
      other.phase = (other.phase + 1) & 3;
      add_string(before, string, coefficient * math::cos(angle));
      add_string(before, other, coefficient * math::sin(angle));
    }
    sum = std::move(before);
    if (sum.size() > limit) return {};
  }
  return sum;
}

}  // namespace qmtl
