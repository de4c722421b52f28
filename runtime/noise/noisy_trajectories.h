// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "runtime/engine/sample_device.h"
#include "runtime/noise/noise_model.h"

namespace qmtl {

/// A device with noise for training where density matrices are too large: the mean of so many pure-state
/// trajectories (trajectory.h) of each sample, keyed by seed, step, sample and `block`, the number of the
/// circuit's only block in the whole one.
///
/// Its values and gradients are unbiased. A channel's operator k and a traced-out qubit's outcome are drawn
/// with their probability p in the state at hand, and the state is then K_k psi / sqrt(p). The gradient takes
/// p for a constant: the mean over draws of the derivative of psi' K_k' O K_k psi / p is then the derivative
/// of the sum over k, as it would be with any fixed probabilities of drawing.
///
/// Throws Error (usage) where a trajectory takes more than a GB.
std::unique_ptr<SampleDevice> make_trajectory_device(const Circuit& circuit, const NoiseModel& model,
                                                     bool second_moments, int trajectories, int block);

}  // namespace qmtl
