// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "hardware/transpile/routed_op.h"

namespace qmtl {

/// Two equal CX or CZ with one turn between them that commutes with neither are a rotation about a product of
/// two Paulis: rzz between turns of its qubits, for devices that have it. Unless they have it for any angle,
/// only turns by fixed angles, since what an input brings may not be in 0 .. pi/2. Nothing where there is
/// none.
std::optional<std::vector<RoutedOp>> with_pair_turns(std::span<const RoutedOp> ops, bool any_angle = false);

}  // namespace qmtl
