// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hardware/program.h"

namespace qmtl {

/// A gate, a swap of two qubits' states, or a two-qubit gate followed by a swap of its qubits.
struct RoutedOp {
  DeviceOp op;        ///< its qubits are those of the swap too
  bool gate = true;   ///< op is executed
  bool swap = false;  ///< then the states of op.q0 and op.q1 are exchanged

  bool two_qubits() const { return op.q1 >= 0; }
};

/// Gates of one axis on a qubit commute as far as that qubit is concerned; those of axis `none` with nothing.
enum class GateAxis : std::uint8_t { none, x, y, z };
GateAxis gate_axis(const RoutedOp& op, int qubit);

/// The gates on one qubit since the last that do not commute with one another.
class CommutingGroup {
 public:
  /// Adds gate number `index`; true if it begins a new group.
  bool add(int index, GateAxis axis);
  /// Empty once a gate of axis `none` came last.
  std::span<const int> members() const;
  std::span<const int> previous() const { return previous_; }

 private:
  GateAxis axis_ = GateAxis::none;
  std::vector<int> members_, previous_;
};

/// Which gates must precede which, with all freedom that commuting gates leave.
struct OpOrder {
  std::vector<std::vector<int>> successors;
  std::vector<int> predecessors;  ///< how many gates must precede each
};
OpOrder op_order(std::span<const RoutedOp> ops, int qubits);

/// Leaves out what no reading can notice: diagonal gates right before readings, and pairs of equal CX or CZ
/// with only commuting gates between them.
std::vector<RoutedOp> simplified(const DeviceProgram& program);

/// Joins each swap with a gate on its pair that can be moved right before it: together they need two
/// entangling gates rather than four.
std::vector<RoutedOp> fused_swaps(std::span<const RoutedOp> ops, int qubits);

/// An equivalent order with small two-qubit depth: one time step after another is filled with gates that are
/// ready, those with the longest way to go first, then those on the busiest qubits, and among equals those
/// whose qubits have the fewest other gates to offer (so that as many as possible find room).
std::vector<RoutedOp> scheduled(std::span<const RoutedOp> ops, int qubits);

}  // namespace qmtl
