// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

namespace qmtl {

/// Logits above which class 1 is chosen, one for each output of a task; a task without an entry goes by 0.
using DecisionThresholds = std::map<std::string, std::vector<double>>;

/// The thresholds in what `qmtl eval --threshold` wrote about the model of this run hash. Throws Error (data)
/// naming file and place; where there are none, and where they are another model's, with what to do.
DecisionThresholds read_thresholds(const std::string& path, const std::string& run_hash);

}  // namespace qmtl
