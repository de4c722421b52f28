// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/model/statistics.h"
#include "tools/workflows/studies/compare_trials.h"
#include "tools/workflows/training/results.h"

namespace qmtl {

/// The finished trials of one variant: one for every split and seed, with the point of the grid that won on
/// that split's validation rows.
struct VariantResult {
  struct Run {
    const Trial* trial;
    TrialResult result;
  };
  std::vector<Run> runs;  ///< [splits][seeds]
};

struct CompareResult {
  const CompareSpec& spec;
  const std::vector<SplitData>& splits;
  std::vector<TaskSpec> tasks;
  std::vector<VariantResult> variants;  ///< in the order of the specification
  std::vector<Scores> baselines;        ///< of constant answers, on the test rows of each split

  /// The reference minus variant v, or minus the baseline where v is variants.size(), over the splits: `task`
  /// < 0 is the mean, tasks.size() the largest-logit accuracy. Metrics where lower is better are negated:
  /// above 0 the reference is better.
  Difference difference(std::size_t v, int task) const;
  /// The mean test score of variant `a` minus that of `b`, over the splits.
  MeanDifference mean_difference_of(std::size_t a, std::size_t b) const;
  /// Over all runs, of the baseline over all splits, in the metric's own sign.
  Spread spread_of(std::size_t v, int task) const;
  /// Names of the tasks in which the variant's mean is no better than the baseline's.
  std::vector<std::string> no_better_tasks(std::size_t v) const;
  bool has_argmax() const;
};

/// compare.json (io/FORMATS.md).
nlohmann::ordered_json compare_json(const CompareResult& result);
/// A Markdown table of the variants, and one of the tasks.
std::string compare_markdown(const CompareResult& result);

}  // namespace qmtl
