// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/analysis.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/base/parallel.h"
#include "runtime/model/metrics.h"

namespace qmtl {
namespace {

/// Quantile of sorted values, linear between them (type 7 of Hyndman and Fan 1996).
double quantile(const std::vector<double>& sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// The tasks' scores, then their mean.
std::vector<double> scores_of(const ScoreRequest& request, std::span<const double> values) {
  const std::vector<float> logits = request.logits(values);
  std::vector<double> scores = evaluate(request.data, request.spec, request.rows, logits);
  scores.push_back(mean_score(request.spec, scores));
  return scores;
}

bool higher_is_better(const TaskSpec& task) { return metric_info(task.metric).higher_is_better; }

}  // namespace

ScoreInterval cut_to_metric(ScoreInterval interval, bool higher) {
  if (higher)
    interval.high = std::min(interval.high, 1.0);
  else
    interval.low = std::max(interval.low, 0.0);
  return interval;
}

ScoreInterval cut_to_mean(ScoreInterval interval, const ModelSpec& spec) {
  return std::all_of(spec.tasks.begin(), spec.tasks.end(), higher_is_better) ? cut_to_metric(interval, true)
                                                                             : interval;
}

ScoreInterval bootstrap_interval(double value, std::vector<double> replicates) {
  std::erase_if(replicates, [](double v) { return !std::isfinite(v); });
  if (replicates.empty() || !std::isfinite(value)) {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    return {value, none, none};
  }
  std::sort(replicates.begin(), replicates.end());
  const double reach =
      std::max({0.0, quantile(replicates, 0.975) - value, value - quantile(replicates, 0.025)});
  return {value, value - reach, value + reach};
}

ReplayScores score_measured(const MeasuredValues& measured, const ScoreRequest& request) {
  const std::vector<double> found = scores_of(request, measured.values(request.samples));
  const std::size_t drawn =
      measured.fewest_shots(request.samples) < fewest_bootstrap_shots ? 0 : request.replicates;
  std::vector<std::vector<double>> replicates(found.size(), std::vector<double>(drawn));
  // So many at a time that their values take little memory.
  constexpr std::size_t chunk = 32;
  for (std::size_t first = 0; first < drawn; first += chunk) {
    const std::size_t count = std::min(chunk, drawn - first);
    const auto values = measured.replicates(request.samples, request.seed, first, count);
    run_parallel(count, [&](std::size_t r) {
      const std::vector<double> scores = scores_of(request, values[r]);
      for (std::size_t k = 0; k < scores.size(); ++k) replicates[k][first + r] = scores[k];
    });
  }
  ReplayScores scores;
  const std::size_t tasks = request.spec.tasks.size();
  for (std::size_t t = 0; t < tasks; ++t)
    scores.tasks.push_back(
        cut_to_metric(bootstrap_interval(found[t], replicates[t]), higher_is_better(request.spec.tasks[t])));
  scores.mean = cut_to_mean(bootstrap_interval(found[tasks], replicates[tasks]), request.spec);
  return scores;
}

}  // namespace qmtl
