// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/class_report.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/base/math.h"

namespace qmtl {
namespace {

double ratio(double part, double whole) {
  return whole == 0.0 ? std::numeric_limits<double>::quiet_NaN() : part / whole;
}

/// What a sample's logits say.
struct Decision {
  std::uint32_t chosen = 0;
  double probability = 0;  ///< of class 1, or of the chosen one of several classes
};

Decision decide(std::span<const float> logits, double threshold) {
  if (logits.size() == 1) {
    const double logit = logits[0];
    return {logit > threshold ? 1u : 0u, math::sigmoid(logit)};
  }
  const auto chosen =
      static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  double sum = 0.0;
  for (float logit : logits)
    sum += math::exp(static_cast<double>(logit) - static_cast<double>(logits[chosen]));
  return {static_cast<std::uint32_t>(chosen), 1.0 / sum};
}

class Bins {
 public:
  void add(double probability, bool right) {
    const auto bin = std::min(static_cast<std::size_t>(probability * reliability_bins), reliability_bins - 1);
    ++counts_[bin];
    probabilities_[bin] += probability;
    rights_[bin] += right ? 1.0 : 0.0;
  }

  Calibration calibration() const {
    Calibration result;
    double total = 0.0, error = 0.0;
    for (std::size_t b = 0; b < reliability_bins; ++b) {
      const auto count = static_cast<double>(counts_[b]);
      result.bins.push_back({static_cast<double>(b) / reliability_bins,
                             static_cast<double>(b + 1) / reliability_bins, counts_[b],
                             ratio(probabilities_[b], count), ratio(rights_[b], count)});
      total += count;
      error += std::abs(probabilities_[b] - rights_[b]);
    }
    result.expected_error = ratio(error, total);
    return result;
  }

 private:
  std::size_t counts_[reliability_bins] = {};
  double probabilities_[reliability_bins] = {}, rights_[reliability_bins] = {};
};

/// Counts of each class among labels and predictions.
struct Tally {
  double labelled = 0, predicted = 0, right = 0;

  ClassScores scores() const {
    return {ratio(right, predicted), ratio(right, labelled), ratio(2.0 * right, labelled + predicted),
            static_cast<std::size_t>(labelled)};
  }
};

}  // namespace

std::optional<ClassReport> class_report(const Task& task, std::span<const std::size_t> rows,
                                        std::span<const float> logits, std::size_t stride,
                                        std::size_t first_column, std::span<const double> thresholds) {
  if (task.kind == TaskKind::regression) return std::nullopt;
  const bool multilabel = task.kind == TaskKind::multilabel;
  const std::size_t width = multilabel ? 1 : static_cast<std::size_t>(task.outputs());
  ClassReport report;
  Bins bins;
  bool any = false;
  for (std::size_t column = 0; column < task.columns; ++column) {
    std::vector<Tally> tallies(std::max<std::size_t>(width, 2));
    auto& confusion = report.confusion.emplace_back();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const float label = task.labels[rows[i] * task.columns + column];
      if (std::isnan(label)) continue;
      const auto known = static_cast<std::uint32_t>(label);
      const Decision decision = decide(logits.subspan(i * stride + first_column + column, width),
                                       thresholds.empty() ? 0.0 : thresholds[column]);
      ++confusion[{known, decision.chosen}];
      tallies[known].labelled += 1.0;
      tallies[decision.chosen].predicted += 1.0;
      if (known == decision.chosen) tallies[known].right += 1.0;
      bins.add(decision.probability, width == 1 ? known == 1 : known == decision.chosen);
      any = true;
    }
    if (multilabel)
      report.classes.push_back(tallies[1].scores());
    else
      for (const Tally& tally : tallies) report.classes.push_back(tally.scores());
  }
  if (!any) return std::nullopt;
  report.calibration = bins.calibration();
  return report;
}

}  // namespace qmtl
