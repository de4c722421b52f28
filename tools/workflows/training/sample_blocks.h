// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/import/new_samples.h"
#include "io/runs/checkpoint.h"
#include "runtime/train/loop/ranks.h"

namespace qmtl {

/// Samples for a trained model, of a data set or of other files, as load_samples has them without their
/// labels, one block after another: how much is in memory does not depend on how many there are.
class SampleBlocks {
 public:
  /// Collective, as next(); all ranks fail together. The arguments outlive it.
  SampleBlocks(const Ranks& ranks, const Checkpoint& checkpoint, const NewSamples& given);

  /// The next samples; false at the end. The first block may be empty.
  bool next(Dataset& data);
  /// The number of the block's first sample.
  std::size_t first() const { return first_; }
  /// What was done with the columns of a table.
  const std::vector<ColumnUse>& uses() const { return uses_; }

 private:
  bool read(Dataset& data);

  const Ranks& ranks_;
  const Checkpoint& checkpoint_;
  const NewSamples& given_;
  std::size_t most_;                        ///< samples of a block
  std::optional<Dataset> whole_;            ///< a data set, its numbers in its file where that is here
  std::unique_ptr<NewSampleBlocks> files_;  ///< or other files
  std::vector<ColumnUse> uses_;
  std::size_t first_ = 0, end_ = 0;
  bool begun_ = false;
};

}  // namespace qmtl
