// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
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

/// What is read of each qubit, where anything is.
struct Basis {
  std::map<int, char> letters;  ///< qubit -> X, Y or Z
};

/// Adds the terms' letters if no qubit would have two; returns whether it did.
bool join_basis(Basis& basis, std::span<const PauliTerm> terms, const std::vector<int>& reg);
/// Appends the rotations after which Z is read.
void append_basis(const Basis& basis, std::vector<Op>& ops);

}  // namespace qmtl
