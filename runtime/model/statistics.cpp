// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/statistics.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

namespace qmtl {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

double sum(std::span<const double> values) {
  double total = 0;
  for (const double value : values) total += value;
  return total;
}

}  // namespace

Spread spread(std::span<const double> values) {
  if (values.empty()) return {not_a_number, not_a_number};
  const double mean = sum(values) / static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean,
          values.size() < 2 ? not_a_number : std::sqrt(squares / static_cast<double>(values.size() - 1))};
}

double student_95(std::size_t degrees) {
  return boost::math::quantile(boost::math::students_t(static_cast<double>(degrees)), 0.975);
}

Difference paired_difference(std::span<const double> differences, double test_share) {
  const std::size_t n = differences.size();
  const Spread s = spread(differences);
  if (n < 2) return {s.mean, not_a_number, not_a_number, not_a_number, n};
  const double error = s.deviation * std::sqrt(1.0 / static_cast<double>(n) + test_share);
  const double half = student_95(n - 1) * error;
  double p = s.mean == 0 ? 1.0 : 0.0;  // where all splits agree to the bit
  if (error > 0)
    p = 2 * boost::math::cdf(boost::math::complement(boost::math::students_t(static_cast<double>(n - 1)),
                                                     std::abs(s.mean) / error));
  return {s.mean, s.mean - half, s.mean + half, p, n};
}

Line fit_line(std::span<const double> x, std::span<const double> y) {
  const std::size_t n = x.size();
  if (n < 2) return {not_a_number, not_a_number, not_a_number, not_a_number};
  const double mean_x = sum(x) / static_cast<double>(n), mean_y = sum(y) / static_cast<double>(n);
  double xx = 0, xy = 0;
  for (std::size_t i = 0; i < n; ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  Line line{xy / xx, mean_y - xy / xx * mean_x, not_a_number, not_a_number};
  if (n < 3) return line;
  double rest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double r = y[i] - line.intercept - line.slope * x[i];
    rest += r * r;
  }
  const double half = student_95(n - 2) * std::sqrt(rest / static_cast<double>(n - 2) / xx);
  line.low = line.slope - half;
  line.high = line.slope + half;
  return line;
}

}  // namespace qmtl
