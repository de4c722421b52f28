// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <vector>

#include "runtime/train/learner.h"
#include "runtime/train/loop/ranks.h"
#include "runtime/train/loop/reduction.h"
#include "runtime/train/loop/units.h"

namespace qmtl {

/// What one rank measured over some steps.
struct RankMeasure {
  int threads = 1;
  double compute = 0;                 ///< seconds of the whole rank
  std::vector<double> cost, seconds;  ///< of the units it ran, by task group: Learner::unit_cost, thread time
};

/// What the measured times say: units of a task group cost `groups` times what the planner said, and ranks
/// are as fast as `ranks`. Only ratios mean something. A rank or group without units is like the others.
struct Speeds {
  std::vector<double> groups, ranks;
};

/// Separates the two: ranks are taken to be equally fast as far as other costs explain the times.
Speeds estimate_speeds(std::span<const RankMeasure> ranks);

/// Speeds as shares of a cut: 1 to largest_share.
std::vector<std::uint64_t> integer_shares(std::span<const double> speeds);

/// How much more than the mean the rank with the most computing takes.
struct Imbalance {
  double ratio = 1;  ///< largest over mean compute time of a rank
  int rank = 0;      ///< with the largest
  double mean = 0;   ///< seconds of a rank
};
Imbalance imbalance_of(std::span<const double> compute);

/// Which units each rank runs. Starts with the planner's costs; after 4, 16 and 64 steps, and then every 64,
/// the ranks tell each other what they measured, and rank 0 decides on a new cut where that promises at least
/// 5 % shorter steps: costs corrected for each task group, and shares in proportion to each rank's speed.
/// Units only change their rank, so no cut changes a bit.
class Balance {
 public:
  Balance(const Ranks& ranks, const Learner& learner);

  /// The cut of a batch of so many rows, and how its units are summed; valid until `measured`.
  const Reduction& cut(std::size_t batch_rows);
  /// This rank's units of a step took so many seconds each, and all together `compute`. Collective; true when
  /// the cut has changed.
  bool measured(std::size_t batch_rows, std::span<const double> seconds, double compute);
  /// Of the steps since the last change. Collective.
  Imbalance imbalance() const;
  /// Of the steps between the last two exchanges, the same on all ranks; ratio 1 before there were any.
  const Imbalance& latest() const { return latest_; }
  int exchanges() const { return exchanges_; }

 private:
  std::vector<std::uint64_t> costs(std::size_t batch_rows, std::span<const std::uint64_t> groups) const;
  bool recut();

  const Ranks& ranks_;
  const Learner& learner_;
  std::vector<std::uint64_t> groups_, shares_;  ///< factor of each task group, share of each rank
  std::map<std::size_t, Reduction> cuts_;       ///< by rows of the batch: the last one of an epoch is short
  std::size_t rows_ = 0;                        ///< of the largest batch so far
  RankMeasure own_;                             ///< since the last exchange
  double compute_ = 0;                          ///< since the last change
  Imbalance latest_;
  std::int64_t steps_ = 0, last_ = 0, next_ = 4;  ///< steps, of the last exchange, of the next
  int exchanges_ = 0;
};

}  // namespace qmtl
