// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "io/runs/checkpoint.h"
#include "tools/workflows/training/noise_request.h"
#include "tools/workflows/training/results.h"

namespace qmtl {

/// A checkpoint's metrics on a split.
struct EvalRequest {
  std::string checkpoint = {};  ///< a file or a run folder
  std::string split = "test";   ///< train, validation or test
  std::string data = {};        ///< another data set than the one of training, or a table; "" for that
  SimdTarget simd = SimdTarget::best;
  NoiseRequest noise = {};  ///< a device on which it is scored too; none: the one it was trained for, if any
  /// A metric: decisions are taken at the thresholds that it likes best on validation; "own": each task's
  /// own.
  std::string threshold = {};
  int importance = 0;  ///< repeats of the features' permutation importance; 0: none
};

/// The same on a noisy device.
struct NoisyScores {
  Scores scores;
  nlohmann::ordered_json about;  ///< how: describe() of the request, and seconds
};

struct EvalOutcome {
  Report report;
  ModelSpec model;
  std::optional<NoisyScores> noisy;
};

/// Scores a checkpoint over the ranks. Collective; all ranks throw SharedError: usage for an unknown split
/// and circuits that the noisy device cannot run, data for files and a split without samples.
EvalOutcome score_checkpoint(const Ranks& ranks, const EvalRequest& request);
/// The same of a checkpoint and samples that are on every rank; `request.data` names them in messages and is
/// not read. Permutation importance changes columns of the samples and puts them back.
EvalOutcome score_samples(const Ranks& ranks, const Checkpoint& checkpoint, Dataset& data,
                          const EvalRequest& request);

/// What `qmtl eval --json` prints as "noise".
nlohmann::ordered_json noisy_json(const NoisyScores& noisy, const ModelSpec& spec);

}  // namespace qmtl
