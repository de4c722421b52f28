// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "hardware/transpile/coupling_graph.h"
#include "hardware/transpile/one_qubit.h"
#include "hardware/transpile/routed_op.h"

namespace qmtl {

/// Writes gates on coupled qubits in a device's basis. Two-qubit gates stand between runs of one-qubit gates;
/// equal ones that meet cancel, those on a qubit that is still |0> become what they do to the other, a swap
/// takes one entangling gate less for each of its own that meets such a case. Global phases are ignored.
class Wires {
 public:
  /// `quality`: pairs may lack a gate of the basis (null: none does).
  Wires(const CouplingGraph& graph, const BasisSet& basis, const DeviceQuality* quality = nullptr);

  void append(const RoutedOp& op);

  /// All gates. Z rotations go along the wire up to the next gate that they do not commute with; at the start
  /// and before readings they are dropped. With readings, so is what is left on qubits that nobody reads.
  std::vector<DeviceOp> gates(std::span<const int> measured) const;

 private:
  struct Entangling {
    DeviceOp op;
    bool cancelled = false;
  };
  struct Slot {
    OneQubitRun before;
    int gate = -1;
  };
  struct Wire {
    std::vector<Slot> slots;
    OneQubitRun rest;  ///< behind the last two-qubit gate
    bool zero = true;  ///< the state is |0>
  };

  Wire& wire(int qubit) { return wires_[static_cast<std::size_t>(qubit)]; }
  void one(int qubit, const DeviceOp& op);
  void hadamard_on(int qubit);
  void turn(int qubit, const AngleSum& angle);
  void cx(int control, int target);
  void cz(int a, int b);
  void rzz(int a, int b, AngleSum angle);
  void swap(int a, int b);
  /// The gate that is the last on both qubits, or null.
  const DeviceOp* last_on(int a, int b) const;
  void take_back(int a, int b);
  void native(DeviceOp op);
  void native_turn(int a, int b, AngleSum angle);

  const CouplingGraph& graph_;
  BasisSet basis_;
  const DeviceQuality* quality_;
  std::vector<Wire> wires_;
  std::vector<Entangling> entangling_;
};

}  // namespace qmtl
