// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/model/data.h"
#include "runtime/train/config.h"

namespace qmtl {

/// The rows of one epoch, cut into batches.
struct EpochRows {
  std::vector<std::size_t> rows;
  std::vector<std::size_t> begin;  ///< of each batch, and the end

  std::span<const std::size_t> batch(std::int64_t number) const {
    const auto b = static_cast<std::size_t>(number);
    return std::span(rows).subspan(begin[b], begin[b + 1] - begin[b]);
  }
};

/// How an epoch's rows become batches: all rows shuffled together, or (train.batches = "task") those of each
/// task by themselves, with the batches of all tasks in random order, so that tasks come in proportion to
/// their sizes.
class Epochs {
 public:
  /// `rows` are those with labels (training_rows). Throws Error (data) for batches of one task where a row
  /// has labels of several.
  Epochs(std::span<const std::size_t> rows, const Dataset& data, const ModelSpec& spec,
         const TrainSpec& train);

  std::int64_t steps() const { return steps_; }
  /// A pure function of seed and epoch (0-based number of completed epochs).
  EpochRows rows_of(int epoch) const;

 private:
  std::vector<std::size_t> rows_;
  std::vector<std::size_t> task_of_;  ///< of each row, where batches have one task
  std::size_t tasks_ = 0;
  std::uint64_t seed_;
  std::size_t size_;
  std::int64_t steps_ = 0;
};

}  // namespace qmtl
