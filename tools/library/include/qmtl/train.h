// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "qmtl/data.h"
#include "qmtl/model.h"

namespace qmtl {

/// An epoch that has ended.
struct Epoch {
  int number = 0;               ///< from 1
  bool best = false;            ///< of all so far
  double train_loss = 0;        ///< mean of its steps
  double validation_loss = 0;   ///< mean over the validation rows
  double validation_mean = 0;   ///< mean of the tasks' metrics, higher is better: what chooses the best epoch
  std::vector<double> metrics;  ///< of each task on validation; NaN where undefined
};

/// A training that is running, after a step.
struct TrainProgress {
  int epoch = 0;               ///< running one, from 1
  int epochs = 0;              ///< the most there will be
  std::int64_t step = 0;       ///< completed ones of all epochs
  std::int64_t steps = 0;      ///< the most there will be
  double loss = 0;             ///< mean of the running epoch's steps
  double rows_per_second = 0;  ///< since the training began
  double seconds_left = 0;     ///< at that speed
};

/// How a model is trained, and who follows it.
struct TrainOptions {
  /// A training configuration as TOML (io/FORMATS.md): model, optimiser, epochs. Everything has a default,
  /// so that it may be empty; data.file and run.folder do not matter. data.tasks is the order of the samples'
  /// tasks unless it says something else.
  std::string configuration = {};
  /// Called after every epoch, from the thread that called train.
  std::function<void(const Epoch&)> on_epoch = {};
  /// Called after every step, likewise.
  std::function<void(const TrainProgress&)> on_step = {};
  /// Asked after every step; true ends the training with the best epoch so far.
  std::function<bool()> stop = {};
};

/// Trains a model in this process, on all cores that Threads allows, and returns the epoch that was best on
/// validation (the last one without validation rows). Nothing is read or written. The bits are those of
/// `qmtl train` with the same configuration and data, on any number of ranks and threads. Throws Error:
/// (usage) for the configuration, with key and choices; (data) for the samples, with row and column.
Model train(const Samples& samples, const TrainOptions& options = {});
/// The same for one task after the other of `tasks`, its samples divided at random.
Model train(Rows x, Rows y, const std::vector<LabelledTask>& tasks, const TrainOptions& options = {});

}  // namespace qmtl
