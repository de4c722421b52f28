// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "qmtl/train.h"

namespace qmtl {

/// How a training in a run folder begins, and who follows it.
struct RunOptions {
  std::vector<std::string> set = {};  ///< "train.epochs=10", on top of the configuration's file
  /// "fresh": the folder must not hold a run yet; "resume": the run that is there goes on; "overwrite": it is
  /// removed.
  std::string mode = "fresh";
  std::function<void(const Epoch&)> on_epoch = {};         ///< as TrainOptions has it
  std::function<void(const TrainProgress&)> on_step = {};  ///< likewise
  /// Asked after every step; true saves a checkpoint and ends the call.
  std::function<bool()> stop = {};
};

/// What a training left in its folder.
struct Run {
  std::string folder;    ///< run.folder
  bool finished = true;  ///< else it was stopped: "resume" goes on
  std::string report;    ///< the JSON that `qmtl train --json` prints
};

/// Trains as `qmtl train CONFIGURATION` does, in this process: the data set that the file names, checkpoints,
/// metrics and records in its run folder, where Model::load, the program and a later call find them. Throws
/// Error: (usage) for the configuration and a folder that does not fit the mode, (data) for files and numbers
/// that are not finite.
Run train_in_folder(const std::string& configuration, const RunOptions& options = {});

}  // namespace qmtl
