// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/threshold.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/math.h"
#include "runtime/base/names.h"
#include "runtime/model/metrics.h"
#include "runtime/model/scores.h"

namespace qmtl {
namespace {

/// A labelled row: its logit, and whether it is of class 1.
using Sample = std::pair<double, bool>;

struct Tried {
  double logit, score;
};

bool preferred(const MetricInfo& metric, const Tried& a, const Tried& b) {
  if (std::isnan(b.score)) return !std::isnan(a.score);
  if (a.score != b.score) return metric.better(a.score, b.score);
  return std::abs(a.logit) < std::abs(b.logit);
}

/// `samples` by falling logit: each candidate takes those above it for class 1.
Threshold best_of(const MetricInfo& metric, std::vector<Sample> samples) {
  std::sort(samples.begin(), samples.end(),
            [](const Sample& a, const Sample& b) { return a.first > b.first; });
  scores::Confusion counts{2, {0, 0, 0, 0}};
  for (const Sample& sample : samples) counts.counts[sample.second ? 2 : 0] += 1.0;  // all taken for class 0
  const double first = samples.front().first;
  Tried best{first > 0.0 ? first + 1.0 : 0.0, metric.decided(counts)};
  for (std::size_t i = 0; i < samples.size();) {
    const double logit = samples[i].first;
    for (; i < samples.size() && samples[i].first == logit; ++i) {
      const std::size_t label = samples[i].second ? 2 : 0;
      counts.counts[label] -= 1.0;
      counts.counts[label + 1] += 1.0;
    }
    const double next = i < samples.size() ? samples[i].first : std::min(logit, 0.0) - 2.0;
    // 0 tells the rows apart like the middle, and is what everybody expects.
    const double middle = next <= 0.0 && logit > 0.0 ? 0.0 : 0.5 * (logit + next);
    const Tried tried{middle, metric.decided(counts)};
    if (preferred(metric, tried, best)) best = tried;
  }
  counts.counts = {0, 0, 0, 0};
  for (const Sample& sample : samples)
    counts.counts[(sample.second ? 2 : 0) + (sample.first > 0.0 ? 1 : 0)] += 1.0;
  const double at_zero = metric.decided(counts);
  if (std::isnan(best.score)) best.logit = 0.0;
  return {best.logit, best.score, at_zero};
}

}  // namespace

double Threshold::probability() const { return math::sigmoid(logit); }

std::vector<std::string> metrics_with_threshold() {
  std::vector<std::string> names;
  for (const MetricInfo& metric : metric_table())
    if (metric.decided) names.emplace_back(metric.name);
  return names;
}

std::vector<Threshold> choose_thresholds(const Task& task, std::string_view metric,
                                         std::span<const std::size_t> rows, std::span<const float> logits,
                                         std::size_t stride, std::size_t first_column) {
  const MetricInfo& info = metric_info(metric);
  if (!info.decided)
    throw usage_error("task " + task.name + ": " + std::string(metric) +
                      " does not depend on a threshold; choose one for " +
                      one_of(metrics_with_threshold(), metric));
  if (task.kind != TaskKind::binary && task.kind != TaskKind::multilabel)
    throw usage_error("task " + task.name + ": a " + std::string(name(task.kind)) + " task has no threshold");
  std::vector<Threshold> thresholds;
  for (std::size_t column = 0; column < task.columns; ++column) {
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (const float label = task.labels[rows[i] * task.columns + column]; !std::isnan(label))
        samples.emplace_back(logits[i * stride + first_column + column], label > 0.5f);
    constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
    thresholds.push_back(samples.empty() ? Threshold{0.0, undefined, undefined}
                                         : best_of(info, std::move(samples)));
  }
  return thresholds;
}

}  // namespace qmtl
