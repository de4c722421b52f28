// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/loop/units.h"

#include <algorithm>
#include <cmath>

namespace qmtl {

std::vector<std::uint64_t> integer_costs(std::span<const double> costs) {
  constexpr double scale = 1 << 20;
  const auto usable = [](double cost) { return std::isfinite(cost) && cost > 0; };
  double largest = 0;
  for (double cost : costs)
    if (usable(cost)) largest = std::max(largest, cost);
  std::vector<std::uint64_t> result;
  result.reserve(costs.size());
  for (double cost : costs)
    result.push_back(
        usable(cost) ? std::max<std::uint64_t>(1, static_cast<std::uint64_t>(cost / largest * scale)) : 1);
  return result;
}

std::vector<Range> cut_by_cost(std::span<const std::uint64_t> costs, int ranks) {
  return cut_by_cost(costs, std::vector<std::uint64_t>(static_cast<std::size_t>(ranks), 1));
}

std::vector<Range> cut_by_cost(std::span<const std::uint64_t> costs, std::span<const std::uint64_t> shares) {
  std::uint64_t total = 0, all_shares = 0;
  for (std::uint64_t cost : costs) total += cost;
  for (std::uint64_t share : shares) all_shares += share;
  std::vector<Range> ranges(shares.size(), Range{costs.size(), costs.size()});
  std::size_t unit = 0;
  std::uint64_t prefix = 0, share_prefix = 0;
  for (std::size_t rank = 0; rank < ranges.size(); ++rank) {
    ranges[rank].begin = unit;
    share_prefix += shares[rank];
    // The middle of a unit is prefix + cost / 2; it is compared with share_prefix / all_shares * total
    // without division. 2^20 units of the largest cost on 2^9 ranks of the largest share just fit.
    while (unit < costs.size() && (rank + 1 == ranges.size() ||
                                   (2 * prefix + costs[unit]) * all_shares < 2 * share_prefix * total)) {
      prefix += costs[unit];
      ++unit;
    }
    ranges[rank].end = unit;
  }
  return ranges;
}

std::vector<Range> cut_evenly(std::size_t count, int ranks) {
  const std::vector<std::uint64_t> costs(count, 1);
  return cut_by_cost(costs, ranks);
}

}  // namespace qmtl
