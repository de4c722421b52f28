// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runtime/circuit/pauli/pauli.h"
#include "runtime/circuit/pauli/propagation.h"
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

/// The channels of a model as Pauli strings are pushed back through them, each made when it is first asked
/// for. The roundings that made a matrix are no strings: what vanishes is 0 here, and nothing is pushed back
/// to something, as a channel keeps the trace.
class ChannelMaps {
 public:
  /// The table must outlive it.
  explicit ChannelMaps(const NoiseTable& noise) : noise_(noise), maps_(noise.channels().size()) {}

  const NoiseTable& noise() const { return noise_; }
  /// Row-major, as transfer_matrix (channel.h).
  const std::vector<double>& matrix(int channel) { return map(channel).matrix; }
  const PauliTransfer& transfer(int channel) { return map(channel).transfer; }

 private:
  struct Map {
    std::vector<double> matrix;
    PauliTransfer transfer;
  };
  const Map& map(int channel);

  const NoiseTable& noise_;
  std::vector<std::unique_ptr<const Map>>
      maps_;  ///< stay where they are: expansions in the making point at them
};

/// Nothing if an output's strings exceed `limit` on the way back, or if its cone has more than 64 qubits.
std::optional<NoisyExpansion> expand_noisy(const Circuit& circuit, std::span<const int> blocks,
                                           ChannelMaps& maps, bool second_moments, std::size_t limit = 4096);

}  // namespace qmtl
