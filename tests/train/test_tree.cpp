// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "runtime/train/loop/tree.h"

using namespace qmtl;

namespace {

constexpr std::size_t width = 5;

/// Numbers of very different sizes, so that nearly every other order of summation rounds differently.
std::vector<double> rough_rows(std::size_t units, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<double> rows(units * width);
  for (double& value : rows)
    value = std::ldexp(static_cast<double>(random()) - 2e9, static_cast<int>(random() % 40) - 20);
  return rows;
}

/// The definition, as a recursion over halves.
double tree_sum(const std::vector<double>& rows, std::size_t column, std::size_t begin, std::size_t span,
                std::size_t units) {
  if (span == 1) return rows[begin * width + column];
  const std::size_t half = span / 2;
  const double left = tree_sum(rows, column, begin, half, units);
  return begin + half >= units ? left : left + tree_sum(rows, column, begin + half, half, units);
}

/// What the ranks do together: reduce own nodes, put all nodes' sums side by side, finish.
std::vector<double> sum_over_ranks(std::vector<double> rows, const std::vector<Range>& cut,
                                   std::size_t units) {
  std::vector<Range> nodes;
  std::vector<double> sums;
  for (const Range& range : cut)
    for (const Range& node : aligned_nodes(range, units)) {
      std::span<double> own(rows.data() + range.begin * width, range.size() * width);
      reduce_node(own, width, range.begin, node, units);
      nodes.push_back(node);
      const double* from = rows.data() + node.begin * width;
      sums.insert(sums.end(), from, from + width);
    }
  finish_tree(sums, width, nodes, units);
  return {sums.begin(), sums.begin() + width};
}

}  // namespace

TEST_CASE("the sum has the same bits for every cut and number of ranks", "[train][loop]") {
  std::mt19937 random(3);
  for (std::size_t units : {1u, 2u, 3u, 5u, 8u, 13u, 16u, 31u, 64u, 100u}) {
    const std::vector<double> rows = rough_rows(units, static_cast<unsigned>(units));
    std::vector<double> expected(width);
    for (std::size_t c = 0; c < width; ++c) expected[c] = tree_sum(rows, c, 0, std::bit_ceil(units), units);
    for (int ranks = 1; ranks <= 9; ++ranks)
      for (int trial = 0; trial < 4; ++trial) {
        std::vector<std::uint64_t> costs(units, 1);
        if (trial > 0)
          for (auto& cost : costs) cost = 1 + random() % (trial == 1 ? 10 : 100000);
        const auto sum = sum_over_ranks(rows, cut_by_cost(costs, ranks), units);
        INFO(units << " units, " << ranks << " ranks, trial " << trial);
        CHECK(std::memcmp(sum.data(), expected.data(), width * sizeof(double)) == 0);
      }
  }
}

TEST_CASE("the test's numbers tell orders of summation apart", "[train][loop]") {
  const std::vector<double> rows = rough_rows(64, 64);
  double serial = 0;
  for (std::size_t u = 0; u < 64; ++u) serial += rows[u * width];
  CHECK(serial != tree_sum(rows, 0, 0, 64, 64));
}

TEST_CASE("a range is cut into few aligned nodes that are the tree's own", "[train][loop]") {
  for (std::size_t units = 1; units <= 40; ++units)
    for (std::size_t begin = 0; begin <= units; ++begin)
      for (std::size_t end = begin; end <= units; ++end) {
        const auto nodes = aligned_nodes({begin, end}, units);
        std::size_t at = begin;
        bool aligned = true;
        for (const Range& node : nodes) {
          aligned = aligned && node.begin == at && node.size() > 0;
          const std::size_t span = std::bit_ceil(node.size());
          aligned = aligned && node.begin % span == 0 && (node.size() == span || node.end == units);
          at = node.end;
        }
        const auto bound = 2 * static_cast<std::size_t>(std::bit_width(units));
        if (!aligned || at != end || nodes.size() > bound)
          FAIL("range [" << begin << ", " << end << ") of " << units << " units has " << nodes.size()
                         << " nodes ending at " << at);
      }
  SUCCEED();
}

TEST_CASE("nodes that leave a gap are refused", "[train][loop]") {
  std::vector<double> sums(2 * width, 1.0);
  const std::vector<Range> nodes{{0, 2}, {3, 4}};
  CHECK_THROWS_WITH(finish_tree(sums, width, nodes, 4), Catch::Contains("unit 2"));
}
