// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/engine/simd_target.h"
#include "runtime/noise/noisy.h"
#include "runtime/train/loop/ranks.h"

namespace qmtl {

/// A trained model's test score against numbers of shots and strengths of depolarising noise.
struct NoiseSweepRequest {
  std::string checkpoint = {};           ///< a file or a run folder
  std::vector<std::int64_t> shots = {};  ///< 0: exact
  std::vector<double> strengths = {};    ///< p after gates on one qubit, 10 p after gates on two
  int repeats = 3;                       ///< seeds for each number of shots
  std::size_t rows = 0;                  ///< only the first test samples; 0: all
  NoisyOptions noisy = {};
  SimdTarget simd = SimdTarget::best;
};

/// The sweep as noise.json has it: per number of shots mean and deviation, per strength the mean and, where
/// twice the noise is a channel too, the mean of logits extrapolated from p and 2 p. Collective; all ranks
/// throw SharedError.
nlohmann::ordered_json sweep_noise(const Ranks& ranks, const NoiseSweepRequest& request);

/// Two tables for people.
std::string noise_sweep_text(const nlohmann::ordered_json& json);

}  // namespace qmtl
