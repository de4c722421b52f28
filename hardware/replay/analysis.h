// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "hardware/replay/measured_values.h"
#include "runtime/model/data.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// logits[rows, all outputs of the tasks] from the circuit's outputs values[rows, outputs]. Called from
/// several threads.
using LogitsOfValues = std::function<std::vector<float>(std::span<const double> values)>;

/// A score with the interval that holds what infinitely many shots would give, with 95 % confidence. NaN
/// where undefined.
struct ScoreInterval {
  double value = 0, low = 0, high = 0;
};

/// Below it a bitstring of probability .15 is missing among the shots more often than once in 20 replays.
constexpr std::uint64_t fewest_bootstrap_shots = 20;

struct ReplayScores {
  std::vector<ScoreInterval> tasks;  ///< each task's own metric, in task order
  ScoreInterval mean;                ///< of the tasks that count in it, those where lower is better negated
};

struct ScoreRequest {
  const Dataset& data;
  const ModelSpec& spec;
  std::vector<std::size_t> rows;     ///< of the data set, one for each of `samples`
  std::vector<std::size_t> samples;  ///< of the measured values
  LogitsOfValues logits;
  std::size_t replicates = 1000;  ///< 0: no intervals
  std::uint64_t seed = 0;
};

/// Scores of measured values. Intervals are bootstrap intervals over the shots that hold both kinds of
/// Davison and Hinkley ("Bootstrap Methods and their Application", 1997, sections 2.4 and 5.3): with m the
/// score and q the quantiles of the replicates' scores, m -+ max(m - q(2.5 %), q(97.5 %) - m). The quantiles
/// themselves lie too low where shot noise lowers a score, as a replicate has it twice; mirrored at m they
/// miss too often where a score moves in steps. The samples are fixed: nothing is said of other samples than
/// these. The ends are cut to what the metric can be. Shots drawn again from fewer than
/// fewest_bootstrap_shots do not tell how they vary (a single one is drawn again as itself, which would be an
/// interval of width 0): no intervals.
ReplayScores score_measured(const MeasuredValues& measured, const ScoreRequest& request);

/// The interval's ends cut to what a metric can be: every one where higher is better ends at 1, every other
/// at 0.
ScoreInterval cut_to_metric(ScoreInterval interval, bool higher_is_better);
/// The same of the mean of the tasks' scores: cut where higher is better in all of them.
ScoreInterval cut_to_mean(ScoreInterval interval, const ModelSpec& spec);

/// The interval of `value` from the replicates' values by that rule, not cut.
ScoreInterval bootstrap_interval(double value, std::vector<double> replicates);

}  // namespace qmtl
