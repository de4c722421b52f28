#include "distributed/units.h"

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
  std::uint64_t total = 0;
  for (std::uint64_t cost : costs) total += cost;
  std::vector<Range> ranges(static_cast<std::size_t>(ranks), Range{costs.size(), costs.size()});
  std::size_t unit = 0;
  std::uint64_t prefix = 0;
  for (std::size_t rank = 0; rank < ranges.size(); ++rank) {
    ranges[rank].begin = unit;
    // The middle of a unit is prefix + cost / 2; it is compared with (rank + 1) * total / ranks without
    // division.
    while (unit < costs.size() && (rank + 1 == ranges.size() ||
                                   (2 * prefix + costs[unit]) * ranges.size() < 2 * (rank + 1) * total)) {
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
