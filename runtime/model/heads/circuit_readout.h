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
};

/// What stands behind a head's circuit, as data: logit = bias + sum of weight * (value / divisor). That it is
/// affine is a contract: devices, counts and error bars rely on it.
struct CircuitReadout {
  std::size_t outputs = 0;  ///< of the circuit
  double divisor = 1.0;     ///< the gain, in front of a linear layer
  std::vector<ReadoutColumn> columns;

  /// logits[rows, columns] of values[rows, outputs]. A logit is summed over its weights in order, its bias
  /// last.
  void logits(std::span<const double> values, double* logits) const;
};

}  // namespace qmtl
