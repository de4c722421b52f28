// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

/// Central differences (f(x + h) - f(x - h)) / 2h in double. With h = 1e-5 the truncation is h^2 f''' / 6 ~
/// 1e-10 and the rounding 2^-53 |f| / h ~ 1e-11 |f|, so for values and derivatives of order 1 a bound of 1e-7
/// has room for larger third derivatives and still sees any wrong term.
inline constexpr double difference_step = 1e-5;
inline constexpr double difference_tolerance = 1e-7;

inline std::vector<double> differences(const std::function<double(const std::vector<double>&)>& f,
                                       std::vector<double> x) {
  std::vector<double> gradient;
  for (double& entry : x) {
    const double kept = entry;
    entry = kept + difference_step;
    const double above = f(x);
    entry = kept - difference_step;
    const double below = f(x);
    entry = kept;
    gradient.push_back((above - below) / (2.0 * difference_step));
  }
  return gradient;
}

/// Largest |a - b| / (1 + |b|); infinity when lengths differ or a value is NaN.
inline double largest_deviation(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return INFINITY;
  double worst = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double deviation = std::abs(a[i] - b[i]) / (1.0 + std::abs(b[i]));
    if (!(deviation <= worst)) worst = std::isnan(deviation) ? INFINITY : deviation;
  }
  return worst;
}
