// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "runtime/circuit/pauli/pauli.h"
#include "runtime/noise/noise_model.h"

namespace qmtl {

/// The outputs of some blocks on a noisy device as finite sums, exact: what noisy.h simulates, pushed back to
/// |0...0>. A Pauli channel scales a string, amplitude damping makes (1 - g) Z + g of Z, any other channel a
/// sum of at most 4 strings (16 of two qubits); errors of the measurement make a Z + b of each Z that is
/// read.
struct NoisyExpansion {
  /// Value v is output v of the blocks, in their order; behind them, with second moments, the squares.
  PauliExpansion sums;
  std::vector<int> angles, params;  ///< number in `sums` -> number in the circuit
};

/// Nothing if an output's strings exceed `limit` on the way back, or if its cone has more than 64 qubits.
std::optional<NoisyExpansion> expand_noisy(const Circuit& circuit, std::span<const int> blocks,
                                           const NoiseTable& noise, bool second_moments,
                                           std::size_t limit = 4096);

}  // namespace qmtl
