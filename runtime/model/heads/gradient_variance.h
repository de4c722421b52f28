// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/circuit/ansatz/ansatz.h"

namespace qmtl {

/// How far gradients spread over random parameters, at one width and depth of an ansatz: variances that fall
/// exponentially with the width are a barren plateau (McClean et al. 2018; Cerezo et al. 2021 on what the
/// readout has to do with it).
struct GradientVariance {
  int qubits = 0, layers = 0;
  int parameters = 0;  ///< angles that the output depends on
  double first = 0;    ///< variance of d output / d the first of them (of the shared stage, if it has any)
  double mean = 0;     ///< mean of the variances over all of them
};

/// The ansatz with another number of qubits and shared layers, and a single block with one output. A global
/// block's Z-string over all of its qubits stays one over all qubits. A local register keeps its size (at
/// most all qubits) and starts at qubit 0. Throws Error (usage) if the readout does not fit.
AnsatzSpec resized(const AnsatzSpec& ansatz, int qubits, int layers);

/// Exact gradients of the ansatz's first output at `draws` random points: all trainable angles and all sample
/// angles uniform in [0, 2 pi), counter-based, the same on every machine; readout weights 1 / count.
GradientVariance gradient_variance(const AnsatzSpec& ansatz, int draws, std::uint64_t seed);

/// r of the least-squares fit variance = c 2^(-r qubits): near 0 without a barren plateau, about 1 or more
/// with one. NaN with fewer than two widths whose variance is above 0.
double exponential_rate(std::span<const int> qubits, std::span<const double> variances);

}  // namespace qmtl
