// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "tools/program/progress.h"

namespace qmtl {

/// Says on standard error what is being done as soon as that takes long, from a thread of its own: nobody
/// has to look at a silent program, whatever computes in it.
class WorkClock {
 public:
  explicit WorkClock(ProgressPrinter::Mode mode);
  ~WorkClock();
  WorkClock(const WorkClock&) = delete;
  WorkClock& operator=(const WorkClock&) = delete;

  /// A step begins: number `done` (from 0) of `all`; 0 of 0: nobody knows. An empty text: nothing is done.
  void step(const std::string& what, std::size_t done, std::size_t all);
  /// What calls step(): for workflows, which the clock must outlive.
  std::function<void(const std::string&, std::size_t, std::size_t)> follower() {
    return [this](const std::string& what, std::size_t done, std::size_t all) { step(what, done, all); };
  }

 private:
  using Clock = std::chrono::steady_clock;
  void watch();
  void show();
  void clear();

  ProgressPrinter::Mode mode_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false, drawn_ = false;
  std::string what_, place_;
  Clock::time_point begun_, next_;
  std::chrono::duration<double> gap_{};
  std::thread thread_;
};

}  // namespace qmtl
