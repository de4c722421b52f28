// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/engine/training_device.h"
#include "runtime/noise/noise_model.h"

namespace qmtl {

/// How a block's outputs and gradients are computed in training on a device with noise.
enum class NoisyTraining : std::uint8_t {
  automatic,  ///< the cheapest exact one that can take the block, trajectories where none can
  expansion,  ///< sums of products of cosines and sines (noisy_expansion.h): exact, by the engine's kernels
  operators,  ///< a density matrix of the shared stage, operators on the register (noisy_operators.h)
  density,    ///< density matrices (noisy_gradient.h): exact
  trajectories,  ///< pure states with random Kraus operators (noisy_trajectories.h): unbiased
};
std::string_view name(NoisyTraining method);

struct NoisyPlanOptions {
  PlanOptions engine = {};
  NoisyTraining method = NoisyTraining::automatic;
  int trajectories = 16;  ///< of every sample and step
};

/// Blocks that are computed alike.
struct NoisyPlanPart {
  NoisyTraining method = NoisyTraining::expansion;
  std::vector<int> blocks = {};
  std::size_t terms = 0;  ///< of expansions
  int cone = 0;           ///< qubits of the widest backward cone; 0 where nobody asked for it
  int alive = 0;          ///< of them simulated at once
  Cost cost = {};
};

struct NoisyPlan {
  Plan plan;  ///< what the engine runs
  std::vector<NoisyPlanPart> parts;
};

/// Chosen from circuit and model alone, and by the expected times, never from ranks, threads or timings.
/// Throws Error (usage) naming the block that no method can take: with the numbers, and what would help.
NoisyPlan make_noisy_plan(const Circuit& circuit, const NoiseModel& model,
                          const NoisyPlanOptions& options = {});

/// A device with that noise for training.
TrainingDevice noisy_training(NoiseModel model, NoisyTraining method = NoisyTraining::automatic,
                              int trajectories = NoisyPlanOptions{}.trajectories);

}  // namespace qmtl
