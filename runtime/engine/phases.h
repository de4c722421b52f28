// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "runtime/engine/kernels.h"
#include "runtime/engine/program.h"

namespace qmtl::engine {

/// In place: x[m] <- sum over i of x[i] (-1)^parity(m & i).
void walsh_hadamard(std::vector<double>& x);

/// [lanes][rows] to [rows][lanes].
template <class Real>
void to_lanes(const std::vector<Real>& from, std::vector<Real>& to);

/// The table of a mix from a part's parameters; `lanes`: with what tiles read whose lanes are amplitudes.
template <class Real>
void bind_phases(const Mix& mix, std::span<const double> params, const KernelTable<double>& math, bool lanes,
                 PhaseTable<Real>& table);

/// Adds the gradients of the parameters in a program's phases; `sums` [slots][2^qubits]: those of the
/// amplitudes' phases.
void add_phase_gradients(const Program& program, std::span<const double> sums, std::span<double> gradients);

}  // namespace qmtl::engine
