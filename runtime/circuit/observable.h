// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// weight * product of Paulis on positions of a register (ascending, none twice).
struct PauliTerm {
  std::vector<int> positions;
  std::string paulis;  ///< one of XYZ for each
  double weight = 1.0;
  bool trained = false;  ///< the weight is a trainable number that starts at `weight`
  bool operator==(const PauliTerm&) const = default;
};

/// Reads a sum of weighted Pauli strings such as "Z0", "X0 X1", "0.5 Z0 Z1 - 0.25 Y2 + 1", or "w Z0 + w Z1"
/// with trained weights; "P01" is the probability of reading 1 on position 0 and 0 on position 1 (a bit for
/// each position of the register, the first rightmost). Throws Error (usage) that names `key`, the text and
/// the place.
std::vector<PauliTerm> parse_observable(std::string_view text, int positions, const std::string& key);

/// Gates that make measuring Z what measuring `paulis` was.
struct Basis {
  std::vector<int> qubits;
  std::string paulis;
};

/// Adds the term's letters if no qubit has another one; returns whether it did.
bool join_basis(Basis& basis, const PauliTerm& term, const std::vector<int>& reg);
/// Appends the rotations after which Z is read.
void append_basis(const Basis& basis, std::vector<Op>& ops);

}  // namespace qmtl
