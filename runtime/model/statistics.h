// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qmtl {

/// Mean, and standard deviation with n - 1 in the denominator (NaN for one value), of finite numbers.
struct Spread {
  double mean = 0, deviation = 0;
};
Spread spread(std::span<const double> values);

/// A difference of two methods over several splits of one data set, with its 95 % interval and the two-sided
/// p-value of "no difference".
struct Difference {
  double mean = 0, low = 0, high = 0, p = 1;
  std::size_t splits = 0;
};

/// The paired test of Nadeau & Bengio (Machine Learning 52, 2003): `differences[s]` is that of split s, and
/// `test_share` the rows of a test part over those of a training part. Splits of one data set share rows, so
/// the variance of the mean is (1 / n + test_share) times that of the differences instead of 1 / n; Student's
/// t with n - 1 degrees of freedom. Fewer than two splits have no interval: low, high and p are NaN.
Difference paired_difference(std::span<const double> differences, double test_share);

/// The mean of differences over splits with its standard error, corrected as in paired_difference; NaN for
/// fewer than two splits.
struct MeanDifference {
  double mean = 0, error = 0;
  std::size_t splits = 0;

  /// The probability of a mean as large or larger if the true one were `bound` (Student's t).
  double p_above(double bound) const;
  /// The interval that holds the true mean with probability `level`: mean -+ this.
  double half_width(double level) const;
  /// The smallest true difference that a test at the one-sided level `alpha` finds with probability `power`.
  double detectable(double alpha, double power) const;
};
MeanDifference mean_difference(std::span<const double> differences, double test_share);

/// Holm's (1979) adjustment of a family of p-values, in their order: at most the family-wise level is spent
/// by those whose adjusted value is below it. NaN counts as 1.
std::vector<double> holm(std::span<const double> p);

/// The half width of the 95 % interval of Student's t with that many degrees of freedom, in standard errors.
double student_95(std::size_t degrees);

/// Least squares of y on x with the 95 % interval of the slope (NaN below three points).
struct Line {
  double slope = 0, intercept = 0, low = 0, high = 0;
};
Line fit_line(std::span<const double> x, std::span<const double> y);

}  // namespace qmtl
