// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

// Real forms of small complex matrices: (re, im) stacked, the imaginary part being one more, highest bit of
// an index. Without it only matrices without imaginary parts.

/// Row-major square matrix.
struct RealMatrix {
  std::size_t size = 0;
  std::vector<double> entries;
};

/// A list of gates with fixed angles as one matrix on `qubits` (the first is the lowest bit), all of which
/// the gates must be on.
RealMatrix unitary_of(std::span<const Op> ops, std::span<const double> params, const std::vector<int>& qubits,
                      bool complex);

/// E = x^T M x for a state x of the block's register in real form, for each of the block's outputs.
std::vector<RealMatrix> observables_of(const Block& block, std::span<const double> params, bool complex);

/// Value of a readout on a basis state; bit q of `index` is qubit q.
double diagonal_value(const Readout& readout, std::span<const double> params, std::uint64_t index);

}  // namespace qmtl
