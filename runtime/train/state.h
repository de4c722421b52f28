// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/model/metric_score.h"

namespace qmtl {

/// Mean and standard deviation of one input's columns.
struct Standardisation {
  std::string input;
  std::vector<double> mean, deviation;  ///< deviation 1 where a column is constant
  bool operator==(const Standardisation&) const = default;
};

/// Mean and standard deviation of a regression task's labels.
struct LabelStatistics {
  std::string task;
  double mean = 0.0, deviation = 1.0;
  bool operator==(const LabelStatistics&) const = default;
};

/// Statistics over the training split that a model computes with. An input without an entry is taken as it
/// is, and so are a task's labels.
struct Statistics {
  std::vector<Standardisation> inputs;
  std::vector<LabelStatistics> labels;
  bool operator==(const Statistics&) const = default;
};

/// What a tensor is for: parts have learning rates and gradient norms of their own.
enum class ParamPart : std::uint8_t {
  backbone,
  shared,        ///< angles of the circuit's shared stage
  blocks,        ///< angles of the task blocks
  readout,       ///< the rest of the head: scales, biases, classical weights
  task_weights,  ///< learned weights of the tasks' losses
};
inline constexpr std::size_t param_parts = 5;
std::string_view name(ParamPart part);

/// One named parameter tensor inside the flat parameter vector.
struct ParamInfo {
  std::string name;  ///< e.g. "trunk.0.weight", "head.shared", "head.scale"
  std::vector<std::size_t> shape;
  std::size_t offset = 0, size = 0;  ///< range in the flat vector
  bool head = false;                 ///< counts as head parameter, else backbone
  bool decay = true;                 ///< weight decay applies
  ParamPart part = head ? ParamPart::readout : ParamPart::backbone;
  /// Without the part, which checkpoints do not hold.
  bool operator==(const ParamInfo& other) const {
    return name == other.name && shape == other.shape && offset == other.offset && size == other.size &&
           head == other.head && decay == other.decay;
  }
};

/// One metrics record: an epoch's losses and validation metrics.
struct EpochRecord {
  int epoch = 0;  ///< 1-based, counts completed epochs
  std::int64_t step = 0;
  double learning_rate = 0;
  double train_loss = 0;
  double validation_loss = 0;
  double validation_mean = 0;      ///< the score that chooses the best epoch; higher is better
  std::vector<double> validation;  ///< each task's metric, in task order; NaN where undefined
  /// Mean over the epoch's steps of each ParamPart's gradient norm, NaN for parts without trained parameters.
  /// For those who follow the training: TrainState::history does not keep it, nor what comes next.
  std::vector<double> gradient_norms = {};
  TaskScores metrics = {};                ///< every metric of each task, where one has several
  std::vector<double> task_weights = {};  ///< GradNorm's at the epoch's end; empty: none
  bool operator==(const EpochRecord&) const = default;
};

/// Everything that changes while training and decides what comes next. Resuming from it continues to the bit.
struct TrainState {
  std::vector<double> params;
  std::vector<double> moment1, moment2;  ///< optimiser moments, as long as params (or empty when unused)
  std::int64_t step = 0;                 ///< completed optimiser steps
  int epoch = 0;                         ///< completed epochs; step_in_epoch steps of the next one are done
  int step_in_epoch = 0;
  double epoch_loss_sum = 0;  ///< of the unfinished epoch: sum of step losses
  std::vector<double>
      epoch_norm_sums;  ///< and sums of each ParamPart's gradient norm; empty before its steps
  /// GradNorm's weight of each task and the task's loss when it first had labels, -1 before; empty without
  /// GradNorm and before its first step.
  std::vector<double> task_weights, first_losses;
  double best_score = 0;
  int best_epoch = 0;  ///< 0: none yet
  std::vector<EpochRecord> history;
  bool operator==(const TrainState&) const = default;
};

/// Hex digest over the names' order, all parameters and the optimiser state: equal for equal runs, to the
/// bit.
std::string run_hash(const TrainState& state);

}  // namespace qmtl
