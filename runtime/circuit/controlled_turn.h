// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// A rotation of `target` about X or Y where `control` is 1. Circuits have it as gates.h lowers it: half the
/// rotation, a CZ, the half undone, a CZ.
struct ControlledTurn {
  int control, target;
  /// Gates of the first half: what a sample turns by, then what a parameter or a constant does.
  std::size_t half;
  std::size_t gates;  ///< of all of it
};

/// Marks the halves of all controlled rotations (Op::half), whether they were written as one gate or by hand,
/// by what the circuit's angles and parameters are functions of.
void mark_halves(Circuit& circuit);

/// The one that `ops` begin with, of those that are marked.
std::optional<ControlledTurn> controlled_turn(std::span<const Op> ops);

}  // namespace qmtl
