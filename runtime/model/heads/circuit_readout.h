// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qmtl {

/// One logit of a head with a circuit.
struct ReadoutColumn {
  std::vector<std::size_t> outputs;  ///< of the circuit, ascending
  std::vector<double> weights;       ///< of each of them
  double bias = 0.0;
  double middle = 0.0, half_width = 0.0;  ///< of a bounded logit; half_width 0: it is not

  /// The logit for the affine map's u, and its derivative.
  struct Logit {
    double value, slope;
  };
  Logit logit(double u) const;
  /// The most that the logit changes for a change of u.
  double most_slope() const { return half_width == 0.0 ? 1.0 : half_width; }
};

/// What stands behind a head's circuit, as data: logit = u = bias + sum of weight * (value / divisor), or
/// middle + half_width * tanh u. That u is affine is a contract: devices, counts and error bars rely on it,
/// and no logit moves by more than max(1, half_width) times what u does.
struct CircuitReadout {
  std::size_t outputs = 0;  ///< of the circuit
  double divisor = 1.0;     ///< the gain, in front of a linear layer
  std::vector<ReadoutColumn> columns;

  /// logits[rows, columns] of values[rows, outputs]. A logit is summed over its weights in order, its bias
  /// last. `slopes`, unless empty: of the same shape, d logit / d u.
  void logits(std::span<const double> values, std::span<double> logits, std::span<double> slopes = {}) const;
};

}  // namespace qmtl
