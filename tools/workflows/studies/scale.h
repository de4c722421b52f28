// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/engine/simd_target.h"
#include "runtime/train/loop/ranks.h"

namespace qmtl {

/// Head parameters, and what training costs, against the number of tasks.
struct ScaleRequest {
  std::string file = {};                    ///< the study, TOML
  std::vector<std::string> overrides = {};  ///< of the configuration, "key=value"
  std::string folder = {};                  ///< where results are written; "": as the file says
  bool quick = false;                       ///< at most 64 tasks counted and 8 trained, two epochs
  bool count_only = false;                  ///< train nothing
  SimdTarget simd = SimdTarget::best;
};

struct ScaleOutcome {
  std::string folder;    ///< scale.json and table.md are there
  bool stopped = false;  ///< nothing was written
  nlohmann::ordered_json json = {};
  std::string table = {};  ///< Markdown
};

/// Counts the parameters of models whose representation grows with the number of tasks T, fits log-log
/// slopes, and trains them on class-subset tasks (is the class in the subset S_t?). `stop` is asked on every
/// rank after every step. Collective; all ranks throw SharedError.
ScaleOutcome study_scale(const Ranks& ranks, const ScaleRequest& request, const std::function<bool()>& stop);

}  // namespace qmtl
