// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace qmtl {

/// A command line that contains `qmtl train CONFIG ...`, perhaps behind mpirun or srun, and its run folder.
class SupervisedCommand {
 public:
  /// `run` is the run folder, where it is not to be read from CONFIG and its --set. Throws Error (usage) when
  /// there is no such part, or when it says --overwrite.
  explicit SupervisedCommand(std::vector<std::string> command, std::string run = "");

  const std::string& run_folder() const { return run_; }

  /// As given, without --resume. With `overwrite`, what an attempt without a checkpoint has left is removed.
  std::vector<std::string> begin(bool overwrite) const;
  /// With --resume; a run that was begun with --add-task goes on from its own configuration.
  std::vector<std::string> resume() const;

 private:
  std::vector<std::string> command_;
  std::size_t config_ = 0;  ///< where CONFIG is
  bool adds_task_ = false;
  std::string run_;
};

}  // namespace qmtl
