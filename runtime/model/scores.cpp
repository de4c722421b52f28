// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/scores.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "runtime/base/math.h"

namespace qmtl::scores {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

double ratio(double numerator, double denominator) {
  return denominator == 0.0 ? undefined : numerator / denominator;
}

double mean(std::span<const double> values) {
  return ratio(std::accumulate(values.begin(), values.end(), 0.0), static_cast<double>(values.size()));
}

/// log of the sum of exponentials of one sample's logits.
double log_sum(const double* logits, std::size_t width) {
  const double largest = *std::max_element(logits, logits + width);
  double sum = 0.0;
  for (std::size_t c = 0; c < width; ++c) sum += math::exp(logits[c] - largest);
  return largest + math::log(sum);
}

double binary_area(const std::vector<bool>& positive, std::span<const double> values) {
  const std::vector<double> rank = ranks(values);
  double sum = 0.0, positives = 0.0;
  for (std::size_t i = 0; i < rank.size(); ++i) {
    if (!positive[i]) continue;
    sum += rank[i];
    positives += 1.0;
  }
  const double negatives = static_cast<double>(rank.size()) - positives;
  return ratio(sum - positives * (positives + 1.0) / 2.0, positives * negatives);
}

}  // namespace

double Confusion::labelled(std::size_t c) const {
  double sum = 0.0;
  for (std::size_t p = 0; p < classes; ++p) sum += at(c, p);
  return sum;
}

double Confusion::predicted(std::size_t c) const {
  double sum = 0.0;
  for (std::size_t l = 0; l < classes; ++l) sum += at(l, c);
  return sum;
}

double Confusion::total() const { return std::accumulate(counts.begin(), counts.end(), 0.0); }

double Confusion::accuracy() const {
  double right = 0.0;
  for (std::size_t c = 0; c < classes; ++c) right += at(c, c);
  return ratio(right, total());
}

double Confusion::balanced_accuracy() const {
  double sum = 0.0, occurring = 0.0;
  for (std::size_t c = 0; c < classes; ++c) {
    if (labelled(c) == 0.0) continue;
    sum += at(c, c) / labelled(c);
    occurring += 1.0;
  }
  return ratio(sum, occurring);
}

double Confusion::f1(std::size_t c) const { return ratio(2.0 * at(c, c), labelled(c) + predicted(c)); }

double Confusion::macro_f1() const {
  double sum = 0.0, occurring = 0.0;
  for (std::size_t c = 0; c < classes; ++c) {
    const double value = f1(c);
    if (std::isnan(value)) continue;
    sum += value;
    occurring += 1.0;
  }
  return ratio(sum, occurring);
}

double Confusion::mcc() const {
  const double n = total();
  double right = 0.0, cross = 0.0, labels = 0.0, predictions = 0.0;
  for (std::size_t c = 0; c < classes; ++c) {
    right += at(c, c);
    cross += labelled(c) * predicted(c);
    labels += labelled(c) * labelled(c);
    predictions += predicted(c) * predicted(c);
  }
  if (n * n == predictions && n * n != labels) return 0.0;
  return ratio(right * n - cross, std::sqrt(n * n - labels) * std::sqrt(n * n - predictions));
}

Confusion confusion(std::span<const double> labels, std::span<const double> logits, std::size_t width) {
  Confusion result;
  result.classes = std::max<std::size_t>(width, 2);
  result.counts.assign(result.classes * result.classes, 0.0);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double* row = logits.data() + i * width;
    const std::size_t prediction = width == 1
                                       ? (row[0] > 0.0 ? 1 : 0)
                                       : static_cast<std::size_t>(std::max_element(row, row + width) - row);
    result.counts[static_cast<std::size_t>(labels[i]) * result.classes + prediction] += 1.0;
  }
  return result;
}

double area(std::span<const double> labels, std::span<const double> logits, std::size_t width) {
  std::vector<bool> positive(labels.size());
  if (width == 1) {
    for (std::size_t i = 0; i < labels.size(); ++i) positive[i] = labels[i] > 0.5;
    return binary_area(positive, logits);
  }
  double sum = 0.0;
  std::vector<double> probability(labels.size());
  for (std::size_t c = 0; c < width; ++c) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      positive[i] = static_cast<std::size_t>(labels[i]) == c;
      probability[i] = math::exp(logits[i * width + c] - log_sum(logits.data() + i * width, width));
    }
    sum += binary_area(positive, probability);
  }
  return sum / static_cast<double>(width);
}

double log_loss(std::span<const double> labels, std::span<const double> logits, std::size_t width) {
  double sum = 0.0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double* row = logits.data() + i * width;
    sum += width == 1 ? math::softplus(row[0]) - labels[i] * row[0]
                      : log_sum(row, width) - row[static_cast<std::size_t>(labels[i])];
  }
  return ratio(sum, static_cast<double>(labels.size()));
}

std::vector<double> ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first + 1;
    while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
    for (std::size_t i = first; i < last; ++i) result[order[i]] = 0.5 * static_cast<double>(first + 1 + last);
    first = last;
  }
  return result;
}

double pearson(std::span<const double> a, std::span<const double> b) {
  const double mean_a = mean(a), mean_b = mean(b);
  double covariance = 0.0, variance_a = 0.0, variance_b = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    covariance += (a[i] - mean_a) * (b[i] - mean_b);
    variance_a += (a[i] - mean_a) * (a[i] - mean_a);
    variance_b += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return ratio(covariance, std::sqrt(variance_a) * std::sqrt(variance_b));
}

double mean_squared_error(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return ratio(sum, static_cast<double>(a.size()));
}

double mean_absolute_error(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return ratio(sum, static_cast<double>(a.size()));
}

double r2(std::span<const double> labels, std::span<const double> outputs) {
  const double centre = mean(labels);
  double total = 0.0, residual = 0.0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    total += (labels[i] - centre) * (labels[i] - centre);
    residual += (labels[i] - outputs[i]) * (labels[i] - outputs[i]);
  }
  const double share = ratio(residual, total);
  return 1.0 - share;
}

}  // namespace qmtl::scores
