// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "hardware/program.h"

namespace qmtl {

/// What of a program is repeated to amplify its noise (Giurgica-Tiron et al. 2020, "Digital zero noise
/// extrapolation for quantum error mitigation").
enum class FoldKind : std::uint8_t {
  two_qubit,  ///< each two-qubit gate G becomes G G^-1 G
  whole,      ///< the program U becomes U U^-1 U: all gates
};
std::string_view name(FoldKind kind);
/// Throws Error (usage) listing the choices.
FoldKind parse_fold_kind(std::string_view text);

/// A program that means the same, with more gates.
struct FoldedProgram {
  DeviceProgram program;
  double factor = 1.0;  ///< by how much the number of folded gates has grown: the nearest to what was asked
};

/// Folds to a noise factor >= 1; factors that are not odd fold a part of the gates: of two-qubit gates some
/// spread evenly, of a whole program its end. A program without two-qubit gates comes back as it is, with
/// factor 1. Only gates of `basis` (empty: every gate) are added. A service that optimises programs must be
/// told not to: it would cancel the folds. Throws Error (usage) for a factor below 1 or not finite, or a gate
/// without an inverse in the basis.
FoldedProgram fold(const DeviceProgram& program, double factor, FoldKind kind,
                   std::span<const DeviceGate> basis = {});

}  // namespace qmtl
