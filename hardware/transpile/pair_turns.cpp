// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/pair_turns.h"

#include <map>

#include "hardware/transpile/angle_sum.h"

namespace qmtl {
namespace {

/// A gate, or a turn that has become one of a pair: then `other` is the second qubit and its axis there.
struct PairTurn {
  RoutedOp routed;
  bool kept = true;
  int other = -1;
  GateAxis other_axis = GateAxis::none;

  /// Its axis on a qubit; nothing where it does not act.
  std::optional<GateAxis> axis(int qubit) const {
    if (qubit == other) return other_axis;
    if (qubit == routed.op.q0 || qubit == routed.op.q1) return gate_axis(routed, qubit);
    return std::nullopt;
  }
};

/// Gates that are their own inverse, whatever turns between them.
bool is_its_own_inverse(const RoutedOp& routed) {
  return !routed.swap && routed.op.q1 >= 0 && is_own_inverse(routed.op.gate);
}

bool equal_gates(const DeviceOp& a, const DeviceOp& b) {
  if (a.gate != b.gate) return false;
  return (a.q0 == b.q0 && a.q1 == b.q1) || (is_symmetric(a.gate) && a.q0 == b.q1 && a.q1 == b.q0);
}

/// A gate that turns its qubit by an angle that rotations of a pair may have.
bool is_turn(const DeviceOp& op, bool any_angle) { return op.q1 < 0 && (any_angle || op.angle.bound()); }

/// The turn between gate `first` and the next equal one, and that gate: everything else between them commutes
/// with both.
std::optional<std::pair<std::size_t, std::size_t>> turn_between(const std::vector<PairTurn>& entries,
                                                                std::size_t first, bool any_angle) {
  const DeviceOp& outer = entries[first].routed.op;
  std::optional<std::size_t> turn;
  for (std::size_t i = first + 1; i < entries.size(); ++i) {
    const PairTurn& entry = entries[i];
    if (!entry.kept) continue;
    bool meets = false, commutes = true;
    for (int qubit : {outer.q0, outer.q1})
      if (const auto axis = entry.axis(qubit)) {
        meets = true;
        commutes = commutes && *axis != GateAxis::none && *axis == entries[first].axis(qubit);
      }
    if (!meets) continue;
    if (turn && entry.other < 0 && !entry.routed.swap && equal_gates(entry.routed.op, outer))
      return std::pair{*turn, i};
    if (commutes) continue;
    if (turn || entry.other >= 0 || !is_turn(entry.routed.op, any_angle)) return std::nullopt;
    turn = i;
  }
  return std::nullopt;
}

/// The gates; equal rotations of a qubit one after another, by what samples and what parameters bring, are
/// one.
std::vector<PairTurn> merged(std::span<const RoutedOp> ops) {
  std::vector<PairTurn> entries;
  std::map<int, std::size_t> last;  // on each qubit
  for (const RoutedOp& routed : ops) {
    const DeviceOp& op = routed.op;
    const auto before = last.find(op.q0);
    if (before != last.end() && op.q1 < 0 && info(op.gate).angle) {
      DeviceOp& known = entries[before->second].routed.op;
      if (known.gate == op.gate) {
        known.angle = known.angle + op.angle;
        continue;
      }
    }
    for (int qubit : {op.q0, op.q1})
      if (qubit >= 0) last[qubit] = entries.size();
    entries.push_back({routed});
  }
  return entries;
}

/// For sign 1 the turn after which Z is what the axis was, for -1 its inverse.
void turn_to_z(std::vector<RoutedOp>& ops, int qubit, GateAxis axis, double sign) {
  if (axis == GateAxis::x) ops.push_back({{device_rotation("Y"), qubit, -1, {-sign * half_pi, {}}}});
  if (axis == GateAxis::y) ops.push_back({{device_rotation("X"), qubit, -1, {sign * half_pi, {}}}});
}

}  // namespace

std::optional<std::vector<RoutedOp>> with_pair_turns(std::span<const RoutedOp> ops, bool any_angle) {
  std::vector<PairTurn> entries = merged(ops);
  bool any = false;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!entries[i].kept || !is_its_own_inverse(entries[i].routed)) continue;
    const auto found = turn_between(entries, i, any_angle);
    if (!found) continue;
    const DeviceOp& outer = entries[i].routed.op;
    PairTurn& turn = entries[found->first];
    turn.other = turn.routed.op.q0 == outer.q0 ? outer.q1 : outer.q0;
    turn.other_axis = *entries[i].axis(turn.other);
    entries[i].kept = entries[found->second].kept = false;
    any = true;
  }
  if (!any) return std::nullopt;
  std::vector<RoutedOp> result;
  for (const PairTurn& entry : entries) {
    if (!entry.kept) continue;
    const int qubit = entry.routed.op.q0;
    if (entry.other < 0) {
      result.push_back(entry.routed);
      continue;
    }
    const AngleSum angle = turn_of(entry.routed.op);
    for (double sign : {1.0, -1.0}) {
      turn_to_z(result, qubit, *entry.axis(qubit), sign);
      turn_to_z(result, entry.other, entry.other_axis, sign);
      if (sign > 0) result.push_back({{device_rotation("ZZ"), qubit, entry.other, angle}});
    }
  }
  return result;
}

}  // namespace qmtl
