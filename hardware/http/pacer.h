// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "hardware/http/retry.h"

namespace qmtl {

/// Keeps a least time between calls.
class Pacer {
 public:
  Pacer(double interval, ServiceClock& clock) : interval_(interval), clock_(clock) {}

  /// Returns when the next call may be made.
  void wait() {
    if (last_)
      if (const double rest = *last_ + interval_ - clock_.steady(); rest > 0) clock_.sleep(rest);
    last_ = clock_.steady();
  }

 private:
  double interval_;  ///< seconds
  ServiceClock& clock_;
  std::optional<double> last_;
};

}  // namespace qmtl
