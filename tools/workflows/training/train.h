// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/runs/run_folder.h"
#include "runtime/engine/engine.h"
#include "runtime/train/loop/trainer.h"
#include "tools/workflows/training/results.h"

namespace qmtl {

/// A task to be trained onto a trained model, and nothing else of it.
struct AddedTask {
  std::string name = {};                         ///< of the data set's
  std::string from = {};                         ///< the model's checkpoint or run folder
  std::vector<std::vector<int>> registers = {};  ///< qubits of its blocks, as with_task takes them
};

/// A training of a configuration in its run folder.
struct TrainRequest {
  std::string config = {};                  ///< TOML file
  std::vector<std::string> overrides = {};  ///< "key=value"
  RunMode mode = RunMode::fresh;
  std::optional<AddedTask> added = {};  ///< not with RunMode::resume
  SimdTarget simd = SimdTarget::best;
  int threads = 1;                       ///< of this rank, for the run's records
  std::vector<std::string> issues = {};  ///< what is wrong with its cores, for the same
  std::int64_t trace_steps = 0;          ///< steps of trace.json; 0: none
};

/// Who follows a training, on rank 0 but for `stop`. Each may be empty.
struct TrainFollower {
  std::function<void(const Progress&)> progress = {};             ///< after every step
  std::function<void(const EpochRecord&, bool best)> epoch = {};  ///< after every epoch
  std::function<bool()> stop = {};  ///< every rank, after every step: save and end
};

struct TrainOutcome {
  Report report;           ///< scores of the best epoch on the validation rows
  ModelSpec model;         ///< completed from the data
  std::string go_on_with;  ///< the configuration with which an interrupted run is resumed
};

/// Everything that training needs, the same on all ranks. The learner refers to the data: not to be moved.
struct TrainJob {
  Config config;
  Dataset data;
  Statistics statistics;
  std::unique_ptr<Learner> learner;
  TrainState state;
  bool circuit_chosen = true;  ///< does the configuration say anything of it? else all of it is the default
};

/// The configuration of a request with all overrides, the same on all ranks. Collective.
Config load_config(const Ranks& ranks, const TrainRequest& request);

/// What a request would train, from its start; nothing is written. Throws SharedError like train_run. Not for
/// RunMode::resume. Collective.
std::unique_ptr<const TrainJob> prepare_training(const Ranks& ranks, const TrainRequest& request);

/// Trains over the ranks to the end or until a stop is asked for, keeps checkpoints and records in the run
/// folder and scores the result; bit-identical for any number of ranks, threads and restarts. Collective; all
/// ranks throw SharedError: usage for a configuration, run folder or earlier checkpoint that does not fit,
/// data for files, numbers that are not finite and saves that fail. Warnings and the start go to the log.
TrainOutcome train_run(const Ranks& ranks, const TrainRequest& request, const TrainFollower& follower);

}  // namespace qmtl
