// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "distributed/silence.h"

namespace qmtl {

/// Watches status.json of a run that was just started by somebody else: while it says "running", its program
/// rewrites it every few seconds (status_file.h). Only changes count, never clocks: those of two nodes
/// differ. Before the first change nothing is known, for a job may wait in a queue.
class LifeSigns {
 public:
  /// `tick`: seconds between two looks.
  LifeSigns(const std::string& run_folder, double tick);
  void look(double passed);
  double silent_seconds() const { return silence_.seconds(); }

 private:
  std::string content() const;

  std::string path_, last_;
  std::int64_t changes_ = 0;
  Silence silence_;
};

}  // namespace qmtl
