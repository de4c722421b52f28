// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "runtime/noise/noisy.h"
#include "runtime/train/learner.h"
#include "runtime/train/loop/ranks.h"

namespace qmtl {

/// A model's circuit on a noisy device.
struct NoisyLogits {
  std::unique_ptr<NoisySimulator> simulator;
  std::vector<float> logits;  ///< [rows, outputs]
};

/// Logits of `rows` with the circuit's outputs from a noisy device, over all ranks. Collective; throws Error
/// (usage) for heads without a circuit and circuits that cannot be simulated.
NoisyLogits predict_noisy(const Ranks& ranks, const Learner& learner, const std::vector<std::size_t>& rows,
                          const NoiseModel& model, const NoisyOptions& options);

}  // namespace qmtl
