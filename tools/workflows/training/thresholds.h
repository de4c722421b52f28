// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/model/threshold.h"
#include "tools/workflows/training/results.h"

namespace qmtl {

/// For each task that has two classes in each output the thresholds of the best score on `rows`, from
/// logits[rows, outputs], by `metric`, or by its own where that is empty. Throws Error (usage) where no task
/// has two classes, and for metrics that do not suit or do not depend on a threshold.
std::vector<TaskThresholds> find_thresholds(const ModelSpec& spec, const Dataset& data,
                                            const std::vector<std::size_t>& rows,
                                            const std::vector<float>& logits, const std::string& metric);

/// Scores at those thresholds; what is no decision (auc, log_loss) stays that of the logits as they are.
Scores score_at(const ModelSpec& spec, const Dataset& data, const std::vector<std::size_t>& rows,
                const std::vector<float>& logits, const std::vector<TaskThresholds>& thresholds,
                const Scores& plain);

/// As class_results takes them.
std::vector<std::vector<double>> threshold_logits(const std::vector<TaskThresholds>& thresholds);

}  // namespace qmtl
