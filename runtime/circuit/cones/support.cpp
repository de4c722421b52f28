// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/cones/support.h"

namespace qmtl {
namespace {

constexpr std::uint8_t all = PauliSupport::all;

/// The set after some of its members may have been multiplied by `factor`: I becomes the factor, and the two
/// Paulis that anticommute with it become each other.
constexpr std::uint8_t maybe_times(std::uint8_t set, std::uint8_t factor) {
  const std::uint8_t others = all & ~factor;
  return static_cast<std::uint8_t>(set | factor | ((set & others) ? others : 0));
}

/// The Pauli with which a two-qubit gate's first and second qubit commute. The gate multiplies the other
/// qubit's Pauli by the other entry exactly when this qubit's Pauli anticommutes with its own entry.
struct Axes {
  std::uint8_t first, second;
};
constexpr Axes axes_of(Gate gate) {
  return {PauliSupport::flag_of(axis(gate, 0)), PauliSupport::flag_of(axis(gate, 1))};
}

}  // namespace

void PauliSupport::add(const Readout& readout) {
  for (const ZString& string : readout.strings)
    for (int qubit : string.qubits) add(qubit, z);
}

void PauliSupport::add(const PauliSupport& other) {
  for (const auto& [qubit, flags] : other.flags_) flags_[qubit] |= flags;
}

std::vector<int> PauliSupport::qubits() const {
  std::vector<int> qubits;
  for (const auto& entry : flags_) qubits.push_back(entry.first);
  return qubits;
}

bool PauliSupport::commutes(const Op& op) const {
  if (quarter_turns(op) == 0) return true;
  if (is_rotation(op.gate)) return (at(op.q0) & ~flag_of(axis(op.gate, 0))) == 0;
  const Axes axes = axes_of(op.gate);
  return (at(op.q0) & ~axes.first) == 0 && (at(op.q1) & ~axes.second) == 0;
}

void PauliSupport::push_back(const Op& op) {
  if (commutes(op)) return;
  if (is_rotation(op.gate)) {
    const std::uint8_t others = static_cast<std::uint8_t>(all & ~flag_of(axis(op.gate, 0)));
    const int turns = quarter_turns(op);
    if (turns == 2) return;  // signs alone
    const std::uint8_t found = at(op.q0);
    // A quarter turn makes each of the two other Paulis the other one.
    if (turns > 0 && (found & others) != others)
      flags_[op.q0] = static_cast<std::uint8_t>((found & ~others) | (~found & others));
    else
      add(op.q0, others);
    return;
  }
  const Axes axes = axes_of(op.gate);
  const std::uint8_t first = at(op.q0), second = at(op.q1);
  if (second & ~axes.second) add(op.q0, maybe_times(first, axes.first));
  if (first & ~axes.first) add(op.q1, maybe_times(second, axes.second));
}

}  // namespace qmtl
