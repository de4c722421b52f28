// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/model/data.h"

namespace qmtl {

enum class SplitKind : std::uint8_t {
  file,      ///< the data set's own split, once
  folds,     ///< the data set's folds: fold f is the test part, the next one validation, the rest training
  resplits,  ///< new random splits
};
std::string_view name(SplitKind kind);
SplitKind parse_split_kind(std::string_view text);

struct SplitsSpec {
  SplitKind kind = SplitKind::file;
  int count = 5;                                   ///< resplits
  std::vector<double> fractions{0.7, 0.15, 0.15};  ///< resplits: training, validation, test; their sum is 1
  std::uint64_t seed = 1;                          ///< resplits
  std::string stratify;  ///< resplits: a task whose labels each part has in like shares; empty: none
};

/// One way to cut a data set: values of Split for every sample.
struct NamedSplit {
  std::string name;  ///< "file", "fold0", "resplit0"
  std::vector<std::uint8_t> split;
};

/// The splits of a specification. In resplits rows stay together that belong to one group or have equal
/// inputs, so that nothing of a test row was seen in training; strata are the sets of tasks a row has labels
/// for, and the label of `stratify`. Orders come from counter-based random numbers. Throws Error: usage for a
/// specification that makes no sense, data for a data set that has no folds or no such task.
std::vector<NamedSplit> make_splits(const Dataset& data, const SplitsSpec& spec);

}  // namespace qmtl
