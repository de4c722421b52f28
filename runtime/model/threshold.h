// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/model/data.h"

namespace qmtl {

/// The logit above which class 1 is chosen, with the score it was chosen for.
struct Threshold {
  double logit = 0;
  double score = 0;          ///< on the rows it was chosen on
  double score_at_zero = 0;  ///< there, of a probability of one half
  double probability() const;
};

/// Thresholds of a task's outputs, and the metric that chose them; nothing for tasks without two classes.
struct TaskThresholds {
  std::string metric;
  std::vector<Threshold> outputs;
};

/// For each output of a binary or multilabel task the logit with the best score on the rows, from
/// logits[i * stride + first_column ...] as score() reads them. Of all that tell the rows apart differently
/// it is the best, each in the middle between two logits, or one away from the last, or 0 where that tells
/// them apart likewise; of equals the one closest to 0. 0 where no row has a label or the score is undefined.
/// Throws Error (usage) for tasks without two classes and for metrics that do not depend on a threshold,
/// listing those that do.
std::vector<Threshold> choose_thresholds(const Task& task, std::string_view metric,
                                         std::span<const std::size_t> rows, std::span<const float> logits,
                                         std::size_t stride, std::size_t first_column);

/// The metrics that depend on a threshold.
std::vector<std::string> metrics_with_threshold();

}  // namespace qmtl
