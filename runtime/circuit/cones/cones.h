// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// A part of a circuit that yields some of its blocks' outputs exactly, on its own compact qubits.
struct Cone {
  Circuit circuit;           ///< renumbered: qubits 0..m-1, angles and params compact
  std::vector<int> qubits;   ///< cone qubit -> qubit of the whole circuit, ascending
  std::vector<int> angles;   ///< cone angle -> angle of the whole circuit
  std::vector<int> params;   ///< cone parameter -> parameter of the whole circuit
  std::vector<int> outputs;  ///< cone output -> output of the whole circuit
};

/// The backward causal cone of the listed blocks together: gates outside it, gates that commute with
/// everything that is pushed back (a CZ next to Z only), and qubits that are not reached are dropped.
Cone cone_of(const Circuit& circuit, const std::vector<int>& blocks);

/// The whole circuit as a Cone with identity maps: what the plans without cones run.
Cone whole(const Circuit& circuit);

/// Groups of blocks with the same register, in order of first appearance: one cone each.
std::vector<std::vector<int>> blocks_by_register(const Circuit& circuit);

/// The blocks [first, last) only, with all of the shared stage: for a task group.
Cone restrict_blocks(const Circuit& circuit, int first, int last);
/// The listed blocks only, likewise.
Cone restrict_blocks(const Circuit& circuit, std::span<const int> blocks);

/// First output of every block; size blocks + 1.
std::vector<int> output_begin(const Circuit& circuit);

}  // namespace qmtl
