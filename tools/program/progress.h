// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

#include "runtime/train/loop/trainer.h"

namespace qmtl {

/// Training's progress on standard error: in a terminal one line that is redrawn, otherwise one line per
/// epoch, and more where epochs are long.
class ProgressPrinter {
 public:
  enum class Mode { line, plain, off };

  /// `every`: seconds between lines of plain progress within an epoch.
  explicit ProgressPrinter(Mode mode, double every = 10) : mode_(mode), every_(every) {}
  ~ProgressPrinter() { finish(); }
  ProgressPrinter(const ProgressPrinter&) = delete;
  ProgressPrinter& operator=(const ProgressPrinter&) = delete;

  /// "auto" is `line` when standard error is a terminal with a width: the pseudo-terminals that mpirun gives
  /// to its ranks have none.
  static Mode choose(const std::string& option, bool quiet);

  void step(const Progress& progress);
  void epoch(const EpochRecord& record, bool best);
  /// Ends the redrawn line, so that other output starts on a line of its own.
  void finish();

 private:
  std::string line() const;  ///< where training stands
  std::string validation_text() const;

  Mode mode_;
  double every_;
  Progress last_;
  double validation_ = std::numeric_limits<double>::quiet_NaN();
  bool open_ = false;
  using Clock = std::chrono::steady_clock;
  Clock::time_point drawn_ = Clock::now();  ///< or printed
};

/// The same for other long work, which says what it does and how much of how much is done (0 of 0: nobody
/// knows).
class WorkPrinter {
 public:
  explicit WorkPrinter(ProgressPrinter::Mode mode, double every = 10) : mode_(mode), every_(every) {}
  ~WorkPrinter() { finish(); }
  WorkPrinter(const WorkPrinter&) = delete;
  WorkPrinter& operator=(const WorkPrinter&) = delete;

  void step(const std::string& what, std::uint64_t done, std::uint64_t all);
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  ProgressPrinter::Mode mode_;
  double every_;
  std::string what_;
  bool open_ = false;
  Clock::time_point begun_ = Clock::now(), drawn_ = Clock::now();
};

/// "0:07", "12:05", "3:04:00".
std::string duration(double seconds);

}  // namespace qmtl
