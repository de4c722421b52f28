// SPDX-License-Identifier: Apache-2.0
#include "hardware/mitigation/extrapolate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

constexpr std::array<std::pair<ExtrapolationKind, std::string_view>, 3> extrapolation_kinds{
    {{ExtrapolationKind::linear, "linear"},
     {ExtrapolationKind::richardson, "richardson"},
     {ExtrapolationKind::exponential, "exponential"}}};

using Points = std::vector<NoisePoint>;

/// Ascending factors, each once: the mean of its points.
Points merged(std::span<const NoisePoint> points) {
  Points sorted(points.begin(), points.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const NoisePoint& a, const NoisePoint& b) { return a.factor < b.factor; });
  Points result;
  for (std::size_t begin = 0, end; begin < sorted.size(); begin = end) {
    NoisePoint mean{sorted[begin].factor, {}};
    for (end = begin; end < sorted.size() && sorted[end].factor == mean.factor; ++end) {
      mean.estimate.value += sorted[end].estimate.value;
      mean.estimate.variance += sorted[end].estimate.variance;
    }
    const double count = static_cast<double>(end - begin);
    mean.estimate.value /= count;
    mean.estimate.variance /= count * count;
    result.push_back(mean);
  }
  return result;
}

/// Coefficients c of sum c[i] y[i], the value at 0 of the least squares line with weights w[i].
std::vector<double> line_at_zero(const Points& points, const std::vector<double>& weights) {
  double sum = 0.0, first = 0.0, second = 0.0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    sum += weights[i];
    first += weights[i] * points[i].factor;
    second += weights[i] * points[i].factor * points[i].factor;
  }
  std::vector<double> coefficients;
  for (std::size_t i = 0; i < points.size(); ++i)
    coefficients.push_back(weights[i] * (second - first * points[i].factor) / (sum * second - first * first));
  return coefficients;
}

/// One over the variances; all 1 where a variance is 0.
std::vector<double> weights_of(const Points& points) {
  std::vector<double> weights;
  for (const NoisePoint& point : points) {
    if (!(point.estimate.variance > 0.0)) return std::vector<double>(points.size(), 1.0);
    weights.push_back(1.0 / point.estimate.variance);
  }
  return weights;
}

/// Lagrange's polynomials at 0.
std::vector<double> polynomial_at_zero(const Points& points) {
  std::vector<double> coefficients;
  for (const NoisePoint& at : points) {
    double product = 1.0;
    for (const NoisePoint& other : points)
      if (other.factor != at.factor) product *= other.factor / (other.factor - at.factor);
    coefficients.push_back(product);
  }
  return coefficients;
}

Estimate combined(const Points& points, const std::vector<double>& coefficients) {
  Estimate sum;
  for (std::size_t i = 0; i < points.size(); ++i) {
    sum.value += coefficients[i] * points[i].estimate.value;
    sum.variance += coefficients[i] * coefficients[i] * points[i].estimate.variance;
  }
  return sum;
}

/// Whether the points may lie on a exp(-b factor): significant, and of the first's sign.
bool one_sign(const Points& points) {
  return std::all_of(points.begin(), points.end(), [&](const NoisePoint& point) {
    const Estimate& e = point.estimate;
    return e.value * points[0].estimate.value > 0.0 && std::abs(e.value) > 2.0 * std::sqrt(e.variance);
  });
}

/// A line through the logarithms.
bool exponential(const Points& points, Estimate& result) {
  if (!one_sign(points)) return false;
  Points logs = points;
  for (NoisePoint& point : logs) {
    const double value = point.estimate.value;
    point.estimate = {std::log(std::abs(value)), point.estimate.variance / (value * value)};
  }
  const std::vector<double> weights = weights_of(logs);
  const Estimate at_zero = combined(logs, line_at_zero(logs, weights));
  double sum = 0.0, mean = 0.0;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    sum += weights[i];
    mean += weights[i] * logs[i].estimate.value;
  }
  if (at_zero.value < mean / sum) return false;  // the line goes through the mean: it grows with the noise
  const double size = std::exp(at_zero.value);
  result = {std::copysign(size, points[0].estimate.value), size * size * at_zero.variance};
  return true;
}

}  // namespace

std::string_view name(ExtrapolationKind kind) {
  return extrapolation_kinds[static_cast<std::size_t>(kind)].second;
}

ExtrapolationKind parse_extrapolation(std::string_view text) {
  for (const auto& [kind, name] : extrapolation_kinds)
    if (name == text) return kind;
  throw usage_error("expected extrapolation linear, richardson or exponential, found '" + std::string(text) +
                    "'");
}

ZeroNoise extrapolate(std::span<const NoisePoint> given, ExtrapolationKind kind) {
  const Points points = merged(given);
  if (points.empty()) throw usage_error("extrapolation to zero noise: expected points, found none");
  if (points.size() == 1) return {points[0].estimate, ExtrapolationKind::linear};
  if (kind == ExtrapolationKind::richardson) return {combined(points, polynomial_at_zero(points)), kind};
  ZeroNoise result;
  if (kind == ExtrapolationKind::exponential && exponential(points, result.estimate)) {
    result.used = kind;
    return result;
  }
  result.estimate = combined(points, line_at_zero(points, weights_of(points)));
  return result;
}

}  // namespace qmtl
