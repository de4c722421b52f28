// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "hardware/transpile/routed_op.h"

namespace qmtl {

/// Two equal CX or CZ with one turn between them that commutes with neither are a rotation about a product of
/// two Paulis: rzz between turns of its qubits, for devices that have it. Only turns by fixed angles, since
/// devices have rzz for angles in 0 .. pi/2 alone and what an input brings is not known. Nothing where there
/// is none.
std::optional<std::vector<RoutedOp>> with_pair_turns(std::span<const RoutedOp> ops);

}  // namespace qmtl
