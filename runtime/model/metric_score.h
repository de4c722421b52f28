// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace qmtl {

struct MetricScore {
  std::string metric;
  double value = 0;  ///< NaN where undefined
  bool operator==(const MetricScore&) const = default;
};

/// Every metric of every task, in the order of the tasks; a task's first one decides about the best epoch.
using TaskScores = std::vector<std::vector<MetricScore>>;

}  // namespace qmtl
