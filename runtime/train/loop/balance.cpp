// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/loop/balance.h"

#include <tbb/global_control.h>

#include <algorithm>
#include <cstring>
#include <numeric>

namespace qmtl {
namespace {

constexpr double least_gain = 0.05;
constexpr std::int64_t rare_steps = 64;

template <class Number>
std::string bytes_of(std::span<const Number> numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()};
}

template <class Number>
std::vector<Number> numbers_of(const std::string& bytes) {
  std::vector<Number> numbers(bytes.size() / sizeof(Number));
  if (!numbers.empty()) std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(Number));
  return numbers;
}

/// threads, compute, then a cost and a time for each group.
std::string to_bytes(const RankMeasure& measure) {
  std::vector<double> numbers{static_cast<double>(measure.threads), measure.compute};
  numbers.insert(numbers.end(), measure.cost.begin(), measure.cost.end());
  numbers.insert(numbers.end(), measure.seconds.begin(), measure.seconds.end());
  return bytes_of(std::span<const double>(numbers));
}

RankMeasure measure_from(const std::string& bytes) {
  const auto numbers = numbers_of<double>(bytes);
  const auto groups = static_cast<std::ptrdiff_t>(numbers.size() / 2 - 1);
  RankMeasure measure;
  measure.threads = static_cast<int>(numbers[0]);
  measure.compute = numbers[1];
  measure.cost.assign(numbers.begin() + 2, numbers.begin() + 2 + groups);
  measure.seconds.assign(numbers.begin() + 2 + groups, numbers.end());
  return measure;
}

/// numerator / denominator, or `otherwise` where nothing was measured.
double ratio(double numerator, double denominator, double otherwise) {
  return numerator > 0 && denominator > 0 ? numerator / denominator : otherwise;
}

/// The time of the slowest rank, on an arbitrary scale.
double slowest(std::span<const Range> ranges, std::span<const std::uint64_t> costs,
               std::span<const std::uint64_t> shares) {
  double most = 0;
  for (std::size_t rank = 0; rank < ranges.size(); ++rank) {
    const auto own = costs.subspan(ranges[rank].begin, ranges[rank].size());
    const auto cost = static_cast<double>(std::accumulate(own.begin(), own.end(), std::uint64_t{0}));
    most = std::max(most, cost / static_cast<double>(shares[rank]));
  }
  return most;
}

RankMeasure nothing_measured(std::size_t groups) {
  const std::vector<double> none(groups, 0.0);
  const auto threads = tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism);
  return {static_cast<int>(threads), 0.0, none, none};
}

}  // namespace

std::vector<std::uint64_t> integer_shares(std::span<const double> speeds) {
  std::vector<std::uint64_t> shares = integer_costs(speeds);
  for (std::uint64_t& share : shares) share = std::max<std::uint64_t>(1, share / ((1 << 20) / largest_share));
  return shares;
}

Speeds estimate_speeds(std::span<const RankMeasure> ranks) {
  const std::size_t groups = ranks.empty() ? 0 : ranks.front().cost.size();
  Speeds speeds{std::vector<double>(groups, 1.0), std::vector<double>(ranks.size(), 1.0)};
  // Alternating least squares of a product; it settles at once where every rank runs units of all groups.
  for (int round = 0; round < 20; ++round) {
    for (std::size_t g = 0; g < groups; ++g) {
      double cost = 0, seconds = 0;
      for (std::size_t r = 0; r < ranks.size(); ++r) {
        cost += ranks[r].cost[g];
        seconds += ranks[r].seconds[g] * speeds.ranks[r];
      }
      speeds.groups[g] = ratio(seconds, cost, speeds.groups[g]);
    }
    for (std::size_t r = 0; r < ranks.size(); ++r) {
      double expected = 0, seconds = 0;
      for (std::size_t g = 0; g < groups; ++g) {
        expected += ranks[r].cost[g] * speeds.groups[g];
        seconds += ranks[r].seconds[g];
      }
      speeds.ranks[r] = ratio(expected, seconds, 1.0);
    }
  }
  for (std::size_t r = 0; r < ranks.size(); ++r) speeds.ranks[r] *= std::max(1, ranks[r].threads);
  return speeds;
}

Imbalance imbalance_of(std::span<const double> compute) {
  Imbalance found;
  if (compute.empty()) return found;
  const auto most = std::max_element(compute.begin(), compute.end());
  found.mean = std::accumulate(compute.begin(), compute.end(), 0.0) / static_cast<double>(compute.size());
  found.rank = static_cast<int>(most - compute.begin());
  if (found.mean > 0) found.ratio = *most / found.mean;
  return found;
}

Balance::Balance(const Ranks& ranks, const Learner& learner)
    : ranks_(ranks),
      learner_(learner),
      groups_(learner.unit_groups(), 1),
      shares_(static_cast<std::size_t>(ranks.size()), 1),
      own_(nothing_measured(learner.unit_groups())) {}

std::vector<std::uint64_t> Balance::costs(std::size_t batch_rows,
                                          std::span<const std::uint64_t> groups) const {
  std::vector<double> costs(learner_.units(batch_rows));
  for (std::size_t unit = 0; unit < costs.size(); ++unit)
    costs[unit] = learner_.unit_cost(unit, batch_rows) * static_cast<double>(groups[unit % groups.size()]);
  return integer_costs(costs);
}

const Reduction& Balance::cut(std::size_t batch_rows) {
  rows_ = std::max(rows_, batch_rows);
  const auto known = cuts_.find(batch_rows);
  if (known != cuts_.end()) return known->second;
  return cuts_
      .emplace(batch_rows, plan_reduction(cut_by_cost(costs(batch_rows, groups_), shares_),
                                          learner_.units(batch_rows), learner_.accumulator_size()))
      .first->second;
}

bool Balance::measured(std::size_t batch_rows, std::span<const double> seconds, double compute) {
  const Range own = cut(batch_rows).ranges[static_cast<std::size_t>(ranks_.rank())];
  for (std::size_t unit = own.begin; unit < own.end; ++unit) {
    own_.cost[unit % groups_.size()] += learner_.unit_cost(unit, batch_rows);
    own_.seconds[unit % groups_.size()] += seconds[unit - own.begin];
  }
  own_.compute += compute;
  compute_ += compute;
  if (ranks_.size() == 1 || ++steps_ < next_) return false;
  next_ = steps_ < rare_steps ? 4 * steps_ : steps_ + rare_steps;
  return recut();
}

bool Balance::recut() {
  std::vector<RankMeasure> all;
  std::vector<double> compute;
  for (const std::string& bytes : ranks_.gather(to_bytes(own_))) {
    all.push_back(measure_from(bytes));
    compute.push_back(all.back().compute);
  }
  latest_ = imbalance_of(compute);
  latest_.mean /= static_cast<double>(steps_ - last_);
  last_ = steps_;
  ++exchanges_;
  own_ = nothing_measured(groups_.size());

  // Rank 0's numbers, as integers: every rank must cut alike whatever its arithmetic.
  std::vector<std::uint64_t> decision;
  if (ranks_.root()) {
    const Speeds speeds = estimate_speeds(all);
    const auto groups = integer_costs(speeds.groups), shares = integer_shares(speeds.ranks);
    const auto real = costs(rows_, groups);
    if (slowest(cut_by_cost(real, shares), real, shares) <
        (1 - least_gain) * slowest(cut(rows_).ranges, real, shares)) {
      decision = groups;
      decision.insert(decision.end(), shares.begin(), shares.end());
    }
  }
  decision = numbers_of<std::uint64_t>(ranks_.broadcast(bytes_of(std::span<const std::uint64_t>(decision))));
  if (decision.empty()) return false;
  std::copy_n(decision.begin(), groups_.size(), groups_.begin());
  std::copy_n(decision.begin() + static_cast<std::ptrdiff_t>(groups_.size()), shares_.size(),
              shares_.begin());
  cuts_.clear();
  compute_ = 0;
  return true;
}

Imbalance Balance::imbalance() const {
  std::vector<double> compute;
  for (const std::string& bytes : ranks_.gather(bytes_of(std::span<const double>(&compute_, 1))))
    compute.push_back(numbers_of<double>(bytes).front());
  return imbalance_of(compute);
}

}  // namespace qmtl
