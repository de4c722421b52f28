// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/statistics.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>

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

MeanDifference mean_difference(std::span<const double> differences, double test_share) {
  const std::size_t n = differences.size();
  const Spread s = spread(differences);
  return {s.mean, n < 2 ? not_a_number : s.deviation * std::sqrt(1.0 / static_cast<double>(n) + test_share),
          n};
}

double MeanDifference::p_above(double bound) const {
  if (splits < 2) return not_a_number;
  // Where all splits agree to the bit.
  if (error == 0) return mean > bound ? 0.0 : 1.0;
  return boost::math::cdf(boost::math::complement(boost::math::students_t(static_cast<double>(splits - 1)),
                                                  (mean - bound) / error));
}

namespace {
double quantile(std::size_t splits, double p) {
  return boost::math::quantile(boost::math::students_t(static_cast<double>(splits - 1)), p);
}
}  // namespace

double MeanDifference::half_width(double level) const {
  return splits < 2 ? not_a_number : quantile(splits, 0.5 + level / 2) * error;
}

double MeanDifference::detectable(double alpha, double power) const {
  return splits < 2 ? not_a_number : (quantile(splits, 1 - alpha) + quantile(splits, power)) * error;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto value = [&](std::size_t i) { return std::isnan(p[i]) ? 1.0 : p[i]; };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return value(a) < value(b); });
  std::vector<double> adjusted(p.size());
  double most = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    most = std::max(most, std::min(1.0, static_cast<double>(p.size() - rank) * value(order[rank])));
    adjusted[order[rank]] = most;
  }
  return adjusted;
}

Difference paired_difference(std::span<const double> differences, double test_share) {
  const MeanDifference d = mean_difference(differences, test_share);
  if (d.splits < 2) return {d.mean, not_a_number, not_a_number, not_a_number, d.splits};
  const double half = student_95(d.splits - 1) * d.error;
  double p = d.mean == 0 ? 1.0 : 0.0;
  if (d.error > 0) p = 2 * MeanDifference{std::abs(d.mean), d.error, d.splits}.p_above(0);
  return {d.mean, d.mean - half, d.mean + half, p, d.splits};
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
