// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/wires.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "hardware/transpile/angle_sum.h"
#include "hardware/transpile/device_quality.h"
#include "hardware/transpile/index.h"

namespace qmtl {

using std::numbers::pi;

namespace {

bool same_pair(const DeviceOp& op, int a, int b) {
  return (op.q0 == a && op.q1 == b) || (op.q0 == b && op.q1 == a);
}

}  // namespace

Wires::Wires(const CouplingGraph& graph, const BasisSet& basis, const DeviceQuality* quality)
    : graph_(graph), basis_(basis), quality_(quality), wires_(at(graph.qubits())) {}

void Wires::append(const RoutedOp& routed) {
  const DeviceOp& op = routed.op;
  if (routed.gate) {
    switch (op.gate) {
      case DeviceGate::cx:
        cx(op.q0, op.q1);
        break;
      case DeviceGate::cz:
        cz(op.q0, op.q1);
        break;
      case DeviceGate::rzz:
        rzz(op.q0, op.q1, op.angle);
        break;
      default:
        one(op.q0, op);
    }
  }
  if (routed.swap) swap(op.q0, op.q1);
}

void Wires::one(int qubit, const DeviceOp& op) {
  wire(qubit).rest.append(op);
  if (op.gate != DeviceGate::rz) wire(qubit).zero = false;
}

void Wires::hadamard_on(int qubit) {
  wire(qubit).rest.append(hadamard());
  wire(qubit).zero = false;
}

void Wires::turn(int qubit, const AngleSum& angle) { wire(qubit).rest.append_rz(angle); }

void Wires::cx(int control, int target) {
  if (wire(control).zero) return;
  const bool native_cx = basis_.has(DeviceGate::cx);
  if (native_cx && graph_.listed(control, target)) {
    wire(target).zero = false;
    return native({DeviceGate::cx, control, target, {}});
  }
  if (native_cx && !basis_.has(DeviceGate::cz)) {
    for (int qubit : {control, target}) hadamard_on(qubit);
    native({DeviceGate::cx, target, control, {}});
    for (int qubit : {control, target}) hadamard_on(qubit);
    return;
  }
  hadamard_on(target);
  cz(control, target);
  hadamard_on(target);
}

void Wires::cz(int a, int b) {
  if (wire(a).zero || wire(b).zero) return;
  if (basis_.has(DeviceGate::cz)) {
    native({DeviceGate::cz, graph_.listed(a, b) ? a : b, graph_.listed(a, b) ? b : a, {}});
  } else if (basis_.has(DeviceGate::cx)) {
    const DeviceOp* last = last_on(a, b);
    const bool forward = last ? last->q0 == a : graph_.listed(a, b);
    const int control = forward ? a : b, target = forward ? b : a;
    hadamard_on(target);
    cx(control, target);
    hadamard_on(target);
  } else {
    rzz(a, b, {pi / 2, {}});
    for (int qubit : {a, b}) turn(qubit, {-pi / 2, {}});
  }
}

void Wires::rzz(int a, int b, AngleSum angle) {
  if (wire(a).zero || wire(b).zero) return turn(wire(a).zero ? b : a, angle);
  const bool native_rzz =
      basis_.has(DeviceGate::rzz) && (!quality_ || quality_->usable(DeviceGate::rzz, a, b));
  const bool any_angle = native_rzz && basis_.any_pair_angle();
  if (!angle.bound() && !any_angle) {
    cx(a, b);
    turn(b, angle);
    return cx(a, b);
  }
  if (const DeviceOp* last = last_on(a, b);
      last && last->gate == DeviceGate::rzz && wire(a).rest.diagonal() && wire(b).rest.diagonal()) {
    angle = angle + last->angle;
    take_back(a, b);
  }
  angle = reduced(angle);
  if (!angle.bound()) return native_turn(a, b, angle);
  double value = angle.constant;
  // RZZ(t + pi) = RZZ(t) Z Z, which brings the angle into [-pi/2, pi/2].
  if (std::abs(value) > pi / 2 + 1e-12) {
    value -= std::copysign(pi, value);
    for (int qubit : {a, b}) turn(qubit, {pi, {}});
  }
  if (std::abs(value) < 1e-12) return;
  const bool quarter = std::abs(std::abs(value) - pi / 2) < 1e-12;
  if (quarter && (basis_.has(DeviceGate::cz) || basis_.has(DeviceGate::cx))) {
    cz(a, b);
    for (int qubit : {a, b}) turn(qubit, {value, {}});
    return;
  }
  if (!native_rzz) {
    cx(a, b);
    turn(b, {value, {}});
    return cx(a, b);
  }
  if (any_angle) return native_turn(a, b, {value, {}});
  // Others have RZZ for angles in [0, pi/2] alone; X on one qubit turns the sign round.
  const bool negative = value < 0;
  if (negative) wire(a).rest.append(x_rotation(pi));
  native_turn(a, b, {std::min(std::abs(value), pi / 2), {}});
  if (negative) wire(a).rest.append(x_rotation(pi));
}

void Wires::native_turn(int a, int b, AngleSum angle) {
  const bool forward = graph_.listed(a, b);
  native({DeviceGate::rzz, forward ? a : b, forward ? b : a, std::move(angle)});
}

void Wires::swap(int a, int b) {
  if (wire(a).zero && wire(b).zero) return;
  // Runs in front of a swap are the same as behind it on the other qubit; so it meets the gate before them.
  if (wire(a).zero) std::swap(a, b);
  const bool onto_zero = wire(b).zero;
  OneQubitRun from_a = std::exchange(wire(a).rest, {});
  OneQubitRun from_b = onto_zero ? OneQubitRun{} : std::exchange(wire(b).rest, {});
  wire(a).zero = wire(b).zero = false;
  const DeviceOp* last = last_on(a, b);
  if (onto_zero) {
    cx(a, b);
    cx(b, a);
  } else if (!basis_.has(DeviceGate::cz) || (last && last->gate == DeviceGate::cx)) {
    const bool forward = last && last->gate == DeviceGate::cx ? last->q0 == a : graph_.listed(a, b);
    const int first = forward ? a : b, second = forward ? b : a;
    cx(first, second);
    cx(second, first);
    cx(first, second);
  } else {
    for (int i = 0; i < 3; ++i) {
      cz(a, b);
      hadamard_on(a);
      hadamard_on(b);
    }
  }
  wire(a).rest.append(from_b);
  wire(b).rest.append(from_a);
  wire(a).zero = onto_zero;
}

const DeviceOp* Wires::last_on(int a, int b) const {
  const auto &first = wires_[at(a)].slots, &second = wires_[at(b)].slots;
  if (first.empty() || second.empty() || first.back().gate != second.back().gate) return nullptr;
  return &entangling_[at(first.back().gate)].op;
}

void Wires::take_back(int a, int b) {
  entangling_[at(wire(a).slots.back().gate)].cancelled = true;
  for (int qubit : {a, b}) {
    Wire& line = wire(qubit);
    OneQubitRun run = line.slots.back().before;
    run.append(line.rest);
    line.rest = std::move(run);
    line.slots.pop_back();
  }
}

void Wires::native(DeviceOp op) {
  const int a = op.q0, b = op.q1;
  if (const DeviceOp* last = last_on(a, b); last && last->gate == op.gate && same_pair(*last, a, b)) {
    const bool cz = op.gate == DeviceGate::cz && wire(a).rest.diagonal() && wire(b).rest.diagonal();
    const bool cx = op.gate == DeviceGate::cx && last->q0 == a && wire(a).rest.diagonal() &&
                    wire(b).rest.commutes_with_x();
    if (cz || cx) return take_back(a, b);
  }
  const int index = static_cast<int>(entangling_.size());
  entangling_.push_back({std::move(op)});
  for (int qubit : {a, b}) wire(qubit).slots.push_back({std::exchange(wire(qubit).rest, {}), index});
}

std::vector<DeviceOp> Wires::gates(std::span<const int> measured) const {
  std::vector<DeviceOp> ops;
  std::vector<AngleSum> carried(wires_.size());
  std::vector<char> begun(wires_.size(), false), read(wires_.size(), measured.empty());
  for (int qubit : measured) read[at(qubit)] = true;

  /// Emits the run but its last Z rotation, which goes on along the wire.
  const auto emit = [&](int qubit, const OneQubitRun& run) {
    OneQubitRun whole;
    whole.append_rz(std::exchange(carried[at(qubit)], {}));
    whole.append(run);
    PulseTrain train = pulses(whole, basis_);
    for (std::size_t i = 0; i < train.turns.size(); ++i) {
      if (i == train.gates.size()) {
        carried[at(qubit)] = train.turns[i];
        return;
      }
      if (begun[at(qubit)] && !is_full_turn(train.turns[i]))
        ops.push_back({DeviceGate::rz, qubit, -1, train.turns[i]});
      DeviceOp gate = train.gates[i];
      gate.q0 = qubit;
      ops.push_back(std::move(gate));
      begun[at(qubit)] = true;
    }
  };
  const auto flush = [&](int qubit) {
    const AngleSum angle = reduced(std::exchange(carried[at(qubit)], {}));
    if (begun[at(qubit)] && !is_full_turn(angle)) ops.push_back({DeviceGate::rz, qubit, -1, angle});
  };

  std::vector<std::size_t> next(wires_.size(), 0);
  for (const Entangling& entry : entangling_) {
    if (entry.cancelled) continue;
    for (int qubit : {entry.op.q0, entry.op.q1}) {
      emit(qubit, wires_[at(qubit)].slots[next[at(qubit)]++].before);
      if (gate_axis({entry.op}, qubit) != GateAxis::z) flush(qubit);
      begun[at(qubit)] = true;
    }
    ops.push_back(entry.op);
  }
  for (std::size_t q = 0; q < wires_.size(); ++q) {
    if (!read[q]) continue;
    emit(static_cast<int>(q), wires_[q].rest);
    if (measured.empty()) flush(static_cast<int>(q));
  }
  return ops;
}

}  // namespace qmtl
