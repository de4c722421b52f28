// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "runtime/train/learner.h"

namespace qmtl {

// A learner's model around its circuit, for circuits that are evaluated elsewhere. All throw Error (usage)
// for heads without a circuit.

/// The angles that the backbone gives the samples: [rows, circuit angles].
std::vector<double> circuit_angles(const Learner& learner, std::span<const std::size_t> rows);

/// logits[rows, learner.outputs()] for values[rows, circuit outputs].
std::vector<float> logits_with(const Learner& learner, std::span<const std::size_t> rows,
                               std::span<const double> values);

/// Logit columns as a linear function of the circuit's outputs: logits = bias + slope values.
struct AffineLogits {
  std::vector<double> bias, slope;  ///< [columns], [columns, outputs]
};

/// Found by asking the head for outputs of 0 and of `step`, one at a time, at sample `row`: every kind of
/// head is served alike. Logits are rounded to float with their bias; the larger the step, the less its slope
/// suffers.
AffineLogits affine_logits(const Learner& learner, std::size_t row, double step = 1.0);

}  // namespace qmtl
