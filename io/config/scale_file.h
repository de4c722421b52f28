// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace qmtl {

/// One head of a scaling study.
struct ScaleVariant {
  std::string name;
  std::vector<std::string> set;           ///< overrides as of --set
  int counted_to = 1024, trained_to = 0;  ///< largest number of tasks
};

/// What `qmtl scale` does: models whose representation grows with the number of tasks T (width = per_task *
/// T), counted and trained on class-subset tasks.
struct ScaleSpec {
  std::string file, title;
  std::string config;  ///< path of the training configuration
  std::string folder;
  std::uint64_t seed = 1;  ///< of the order in which subsets become tasks
  int per_task = 2;
  std::vector<int> counted, trained;  ///< numbers of tasks
  std::vector<ScaleVariant> variants;
};

/// Reads a TOML description (io/FORMATS.md). Throws Error (usage) naming file, line and key.
ScaleSpec read_scale_file(const std::string& path);

}  // namespace qmtl
