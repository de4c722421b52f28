// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/train/learner.h"
#include "runtime/train/loop/ranks.h"

namespace qmtl {

/// What a training without a run folder leaves. Scores are those of the epoch that was best on validation.
struct TrialResult {
  double validation = 0, mean = 0;  ///< scores of the validation and test rows, higher is better
  std::vector<double> tasks;        ///< metrics of the test rows
  std::optional<double> argmax;
  /// Expected calibration error of each task's test rows, NaN where it has no classes; empty in a store that
  /// is older than the field.
  std::vector<double> calibration;
  int best_epoch = 0;
  std::int64_t steps = 0;
  double seconds = 0;                  ///< of training, validation included
  std::size_t head = 0, backbone = 0;  ///< parameters
  std::string run_hash;                ///< at the end of training
};

/// Trains a resolved configuration over the ranks and scores it; nothing is saved. Nothing where `stop`,
/// asked on every rank after every step, wanted an end. Collective.
std::optional<TrialResult> run_trial(const Ranks& ranks, const Config& config, const Dataset& data,
                                     SimdTarget target, const std::function<bool()>& stop);

}  // namespace qmtl
