// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/engine/engine.h"
#include "tools/workflows/studies/compare_results.h"
#include "tools/workflows/studies/compare_trials.h"

namespace qmtl {

/// A comparison of heads, or of variants of one, or a part of it.
struct CompareRequest {
  std::string file = {};                    ///< the comparison, TOML
  std::vector<std::string> overrides = {};  ///< of the configuration, "key=value"
  std::string folder = {};                  ///< where results are kept; "": as the file says
  std::size_t splits = 0, seeds = 0;        ///< only the first ones; 0: all
  std::vector<std::string> variants = {};   ///< only these; none: all
  bool quick = false;                       ///< two splits, one seed, no tuning
  bool design = false;                      ///< only what the design is: nothing is trained
  bool confirm = false;                     ///< refuse a design that was not registered
  SimdTarget simd = SimdTarget::best;
};

struct CompareOutcome {
  std::string folder;           ///< compare.json, table.md and the trials are there; "" of a design
  bool stopped = false;         ///< the same request goes on; there is no result
  nlohmann::ordered_json json;  ///< on rank 0
  std::string table;            ///< on rank 0, Markdown
};

/// Tunes every variant on the validation rows over the same grid, trains the best of it with all seeds and
/// compares on the test rows. Trials are spread over ranks and threads; finished ones are kept and not run
/// again. Collective; all ranks throw SharedError.
CompareOutcome compare_variants(const Ranks& ranks, const CompareRequest& request,
                                const TrialFollower& follower);

}  // namespace qmtl
