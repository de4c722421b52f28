// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/one_qubit.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hardware/transpile/angle_sum.h"

namespace qmtl {

using std::numbers::pi;

namespace {

/// Rounding of some hundred products of matrices stays below; a wrong snap costs as much in the state.
constexpr double tolerance = 1e-12;

}  // namespace

Su2 Su2::operator*(const Su2& right) const {
  return {a * right.a - std::conj(b) * right.b, b * right.a + std::conj(a) * right.b};
}
bool Su2::diagonal() const { return std::abs(b) < tolerance; }
bool Su2::antidiagonal() const { return std::abs(a) < tolerance; }

Su2 z_rotation(double angle) { return {std::polar(1.0, -angle / 2), 0.0}; }
Su2 x_rotation(double angle) { return {std::cos(angle / 2), {0.0, -std::sin(angle / 2)}}; }
Su2 hadamard() {
  const std::complex<double> entry{0.0, -std::numbers::sqrt2 / 2};
  return {entry, entry};
}

void OneQubitRun::append_rz(const AngleSum& angle) {
  if (angle.bound()) return append(z_rotation(angle.constant));
  AngleSum free{0.0, angle.terms};
  if (fixed_.back().diagonal() || fixed_.back().antidiagonal()) {
    // The gate in front lets the rotation through, an antidiagonal one turns it round.
    if (fixed_.back().antidiagonal()) free = -free;
    if (free_.empty()) {
      free_.push_back(free);
      fixed_.insert(fixed_.begin(), Su2{});
    } else {
      free_.back() = free_.back() + free;
      if (free_.back().bound()) {
        free_.pop_back();
        const Su2 last = fixed_.back();
        fixed_.pop_back();
        append(last);
      }
    }
  } else {
    free_.push_back(free);
    fixed_.emplace_back();
  }
  append(z_rotation(angle.constant));
}

void OneQubitRun::append(const DeviceOp& op) {
  const Su2 to_x = hadamard();
  // Y = W X W^-1 with W a quarter turn about Z.
  const Su2 quarter = z_rotation(pi / 2), back = z_rotation(-pi / 2);
  if (is_pulse(op.gate)) return append(x_rotation(info(op.gate).turn));
  const bool y = info(op.gate).axes == "Y";
  if (is_diagonal(op.gate)) return append_rz(op.angle);
  append(y ? to_x * back : to_x);
  append_rz(op.angle);
  append(y ? quarter * to_x : to_x);
}

void OneQubitRun::append(const OneQubitRun& later) {
  append(later.fixed_[0]);
  for (std::size_t i = 0; i < later.free_.size(); ++i) {
    append_rz(later.free_[i]);
    append(later.fixed_[i + 1]);
  }
}

bool OneQubitRun::diagonal() const {
  for (const Su2& gate : fixed_)
    if (!gate.diagonal()) return false;
  return true;
}

bool OneQubitRun::commutes_with_x() const {
  OneQubitRun turned;
  turned.append(hadamard());
  turned.append(*this);
  turned.append(hadamard());
  return turned.diagonal();
}

BasisSet::BasisSet(std::span<const DeviceGate> gates, bool any_pair_angle) : any_pair_angle_(any_pair_angle) {
  if (gates.empty()) has_.fill(true);
  for (DeviceGate gate : gates) has_[static_cast<std::size_t>(gate)] = true;
}

bool BasisSet::every_one_qubit_gate() const {
  return has(DeviceGate::rz) && (has(DeviceGate::sx) || has(DeviceGate::rx) || has(DeviceGate::ry));
}

bool BasisSet::entangler() const {
  return std::any_of(device_gates.begin(), device_gates.end(),
                     [&](const DeviceGateInfo& row) { return row.qubits == 2 && has(row.gate); });
}

namespace {

AngleSum shifted(const AngleSum& angle, double by) { return {angle.constant + by, angle.terms}; }

DeviceOp pulse(DeviceGate gate, AngleSum angle = {}) { return {gate, 0, -1, std::move(angle)}; }

/// Appends a fixed gate in RZ, SX and X (McKay et al., "Efficient Z gates for quantum computing", 2017).
void append_fixed(PulseTrain& train, const Su2& gate) {
  const auto turn = [&](double angle) { train.turns.back().constant += angle; };
  const auto push = [&](DeviceGate kind) {
    train.gates.push_back(pulse(kind));
    train.turns.emplace_back();
  };
  if (gate.diagonal()) return turn(-2 * std::arg(gate.a));
  if (gate.antidiagonal()) {
    // An RX by pi and then RZ.
    push(DeviceGate::x);
    return turn(2 * std::arg(gate.b) + pi);
  }
  // gate = RZ(after) RY(middle) RZ(before)
  const double before = -std::arg(gate.b) - std::arg(gate.a), after = std::arg(gate.b) - std::arg(gate.a);
  const double middle = 2 * std::atan2(std::abs(gate.b), std::abs(gate.a));
  if (std::abs(middle - pi / 2) < tolerance) {
    turn(before - pi / 2);
    push(DeviceGate::sx);
    return turn(after + pi / 2);
  }
  turn(before);
  push(DeviceGate::sx);
  turn(middle + pi);
  push(DeviceGate::sx);
  turn(after + pi);
}

/// SX RZ(t) SX = RZ(-pi/2) RX(t - pi) RZ(-pi/2): two pulses become one.
PulseTrain with_rotations(const PulseTrain& train, const BasisSet& basis) {
  PulseTrain result;
  result.turns[0] = train.turns[0];
  for (std::size_t i = 0; i < train.gates.size(); ++i) {
    const bool pair = i + 1 < train.gates.size() && train.gates[i].gate == DeviceGate::sx &&
                      train.gates[i + 1].gate == DeviceGate::sx;
    if (pair) {
      result.turns.back().constant -= pi / 2;
      result.gates.push_back(pulse(DeviceGate::rx, shifted(train.turns[i + 1], -pi)));
      result.turns.push_back(shifted(train.turns[i + 2], -pi / 2));
      ++i;
    } else {
      const DeviceGate gate = train.gates[i].gate;
      const double angle = gate == DeviceGate::x ? pi : pi / 2;
      result.gates.push_back(basis.has(gate) ? pulse(gate) : pulse(DeviceGate::rx, {angle, {}}));
      result.turns.push_back(train.turns[i + 1]);
    }
  }
  return result;
}

/// The same rotation about X, written with other turns around it.
struct RotationForm {
  DeviceGate gate;
  double sign, before, after;
};
constexpr RotationForm rotation_forms[] = {
    {DeviceGate::rx, 1, 0, 0},
    {DeviceGate::rx, -1, pi, pi},
    {DeviceGate::ry, 1, pi / 2, -pi / 2},
    {DeviceGate::ry, -1, -pi / 2, pi / 2},
};

/// Gives each RX the form that leaves the fewest RZ around it; the first turn counts only behind gates.
void choose_forms(PulseTrain& train, const BasisSet& basis) {
  for (std::size_t i = 0; i < train.gates.size(); ++i) {
    if (train.gates[i].gate != DeviceGate::rx) continue;
    const RotationForm* best = nullptr;
    int fewest = 3;
    for (const RotationForm& form : rotation_forms) {
      const int turns = !is_full_turn(shifted(train.turns[i], form.before)) +
                        !is_full_turn(shifted(train.turns[i + 1], form.after));
      if (basis.has(form.gate) && turns < fewest) best = &form, fewest = turns;
    }
    AngleSum& angle = train.gates[i].angle;
    train.gates[i] = pulse(best->gate, reduced(best->sign > 0 ? angle : -angle));
    train.turns[i].constant += best->before;
    train.turns[i + 1].constant += best->after;
  }
}

/// X as two SX where there is no X.
PulseTrain without_x(const PulseTrain& train) {
  PulseTrain result;
  result.turns[0] = train.turns[0];
  for (std::size_t i = 0; i < train.gates.size(); ++i) {
    const bool x = train.gates[i].gate == DeviceGate::x;
    result.gates.push_back(x ? pulse(DeviceGate::sx) : train.gates[i]);
    if (x) {
      result.turns.emplace_back();
      result.gates.push_back(pulse(DeviceGate::sx));
    }
    result.turns.push_back(train.turns[i + 1]);
  }
  return result;
}

}  // namespace

PulseTrain pulses(const OneQubitRun& run, const BasisSet& basis) {
  PulseTrain train;
  append_fixed(train, run.fixed()[0]);
  for (std::size_t i = 0; i < run.free().size(); ++i) {
    train.turns.back() = train.turns.back() + run.free()[i];
    append_fixed(train, run.fixed()[i + 1]);
  }
  const bool rotations = basis.has(DeviceGate::rx) || basis.has(DeviceGate::ry);
  if (rotations) {
    train = with_rotations(train, basis);
    choose_forms(train, basis);
  } else if (!basis.has(DeviceGate::x)) {
    train = without_x(train);
  }
  for (AngleSum& turn : train.turns) turn = reduced(turn);
  return train;
}

}  // namespace qmtl
