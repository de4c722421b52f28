// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "runtime/train/loop/units.h"

using namespace qmtl;

namespace {

void check_covers(const std::vector<Range>& ranges, std::size_t units) {
  std::size_t at = 0;
  for (const Range& range : ranges) {
    CHECK(range.begin == at);
    CHECK(range.end >= range.begin);
    at = range.end;
  }
  CHECK(at == units);
}

}  // namespace

TEST_CASE("ranges of any cut are contiguous, in order and everything", "[train][loop]") {
  std::mt19937 random(7);
  for (int ranks = 1; ranks <= 9; ++ranks)
    for (std::size_t units : {0u, 1u, 2u, 3u, 7u, 16u, 100u}) {
      INFO(units << " units on " << ranks << " ranks");
      std::vector<std::uint64_t> costs(units);
      for (auto& cost : costs) cost = 1 + random() % 1000;
      const auto ranges = cut_by_cost(costs, ranks);
      CHECK(ranges.size() == static_cast<std::size_t>(ranks));
      check_covers(ranges, units);
      check_covers(cut_evenly(units, ranks), units);
    }
}

TEST_CASE("no rank exceeds its share of the cost by more than one unit", "[train][loop]") {
  std::mt19937 random(11);
  for (int ranks = 1; ranks <= 9; ++ranks) {
    std::vector<std::uint64_t> costs(1 + random() % 200);
    std::uint64_t total = 0, largest = 0;
    for (auto& cost : costs) {
      cost = 1 + random() % 5000;
      total += cost;
      largest = std::max(largest, cost);
    }
    for (const Range& range : cut_by_cost(costs, ranks)) {
      std::uint64_t load = 0;
      for (std::size_t u = range.begin; u < range.end; ++u) load += costs[u];
      INFO(costs.size() << " units on " << ranks << " ranks, load " << load << " of " << total);
      CHECK(load <= total / static_cast<std::uint64_t>(ranks) + 1 + largest);
    }
  }
}

TEST_CASE("equal units are shared evenly", "[train][loop]") {
  CHECK(cut_evenly(4, 2) == std::vector<Range>{{0, 2}, {2, 4}});
  for (int ranks = 1; ranks <= 9; ++ranks)
    for (const Range& range : cut_evenly(720, ranks)) {
      INFO(ranks << " ranks");
      CHECK(std::abs(static_cast<double>(range.size()) - 720.0 / ranks) <= 1.0);
    }
}

TEST_CASE("costs that are not positive numbers count as the smallest", "[train][loop]") {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> costs{1.0, 0.0, -3.0, std::nan(""), infinity, 2.0};
  const std::vector<std::uint64_t> expected{1u << 19, 1, 1, 1, 1, 1u << 20};
  CHECK(integer_costs(costs) == expected);
}
