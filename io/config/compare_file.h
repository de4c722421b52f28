// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "io/config/compare_questions.h"
#include "runtime/train/config.h"
#include "runtime/train/resplit.h"

namespace qmtl {

/// One row of a comparison: a model, given by what it changes in the common configuration.
struct VariantSpec {
  std::string name;
  std::vector<std::string> set;  ///< overrides as of --set
  bool ablation = false;         ///< not a rival but a part of the reference left out
};

/// A key that every variant is tuned over, and its values as TOML texts.
struct GridKey {
  std::string key;
  std::vector<std::string> values;
};

/// What `qmtl compare` runs: variants x splits x seeds, each tuned over the same grid on validation.
struct CompareSpec {
  std::string file, title;
  std::string config;  ///< path of the training configuration
  std::string folder;  ///< where results are kept
  std::string reference;
  std::vector<std::uint64_t> seeds;
  SplitsSpec splits;
  std::vector<GridKey> grid;
  int rungs = 1;      ///< of successive halving over the grid's points; the last trains for all epochs
  double keep = 0.5;  ///< share of the points that goes on to the next rung, which has 1 / keep of the epochs
  std::size_t tune_seeds = 1;  ///< the first so many seeds choose among the grid's points, for each split
  std::vector<std::pair<std::string, std::string>>
      left_out;  ///< tasks that are reported only, with the reason
  std::vector<VariantSpec> variants;
  std::vector<QuestionSpec> questions;
  double alpha = 0.05;     ///< family-wise level of all questions together
  std::string registered;  ///< path of the text that holds the hashes of designs fixed beforehand; "": none

  /// All points of the grid as overrides; one empty point without a grid.
  std::vector<std::vector<std::string>> points() const;
};

/// Reads a TOML description (io/FORMATS.md). Throws Error (usage) naming file, line and key.
CompareSpec read_compare_file(const std::string& path);

}  // namespace qmtl
