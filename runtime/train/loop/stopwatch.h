// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace qmtl {

class Stopwatch {
 public:
  using Clock = std::chrono::steady_clock;
  /// Seconds since the last lap, or since the start.
  double lap() {
    const auto now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return seconds;
  }

 private:
  Clock::time_point last_ = Clock::now();
};

}  // namespace qmtl
