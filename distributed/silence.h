// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace qmtl {

/// How long something has not changed, on the clock of a watcher that may itself be stopped: between two
/// looks at most two ticks count, however late the second one is.
class Silence {
 public:
  explicit Silence(double tick) : most_(2 * tick) {}
  /// `passed` seconds after the last look the watched number is `value`.
  void look(std::int64_t value, double passed) {
    seconds_ = value == value_ ? seconds_ + std::min(passed, most_) : 0;
    value_ = value;
  }
  void reset() { seconds_ = 0; }
  double seconds() const { return seconds_; }

 private:
  double most_, seconds_ = 0;
  std::int64_t value_ = -1;
};

}  // namespace qmtl
