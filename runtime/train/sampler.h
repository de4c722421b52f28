// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/train/config.h"
#include "runtime/train/learner.h"

namespace qmtl {

/// Training rows that carry at least one label of the model's (newest generation's) tasks, ascending. Throws
/// Error (data) if there are none.
std::vector<std::size_t> training_rows(const Dataset& data, const ModelSpec& spec);

/// The rows in the order of an epoch (0-based number of completed epochs): a Philox permutation keyed by
/// (seed, epoch).
std::vector<std::size_t> epoch_order(std::span<const std::size_t> rows, std::uint64_t seed, int epoch);

/// Steps that `rows` samples make with `batch` samples each; the last may be short.
std::int64_t steps_per_epoch(std::size_t rows, int batch);

/// Present labels of each task of `spec` among `rows` (multilabel: over all its columns).
std::vector<double> count_labels(const Dataset& data, const ModelSpec& spec,
                                 std::span<const std::size_t> rows);

/// The batches of an epoch's order.
class Batches {
 public:
  /// The data set must outlive it.
  Batches(const Dataset& data, const ModelSpec& spec, const TrainSpec& train);
  /// That of step `step_in_epoch`; `step` counts all optimiser steps before it.
  StepBatch make(std::span<const std::size_t> order, int step_in_epoch, std::int64_t step) const;
  /// A batch of these rows.
  StepBatch of(std::span<const std::size_t> rows, std::int64_t step) const;

 private:
  std::vector<const Task*> tasks_;
  std::vector<bool> whole_;  ///< tasks without a missing label
  std::uint64_t seed_;
  std::size_t size_;
};

}  // namespace qmtl
