// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/loop/tree.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <stdexcept>
#include <string>

#include "runtime/base/parallel.h"

namespace qmtl {
namespace {

/// Appends the additions that sum node [begin, begin + span) of the tree, children first. `row` gives the row
/// in which the sum over a leaf that starts at a unit is found; `is_leaf` says whether a node's sum is
/// already there.
void additions(std::size_t begin, std::size_t span, std::size_t units,
               const std::function<bool(Range)>& is_leaf, const std::function<std::size_t(std::size_t)>& row,
               std::vector<Addition>& list) {
  if (is_leaf(Range{begin, std::min(begin + span, units)})) return;
  if (span <= 1) throw std::logic_error("the nodes do not cover unit " + std::to_string(begin));
  const std::size_t half = span / 2;
  additions(begin, half, units, is_leaf, row, list);
  if (begin + half >= units) return;
  additions(begin + half, half, units, is_leaf, row, list);
  list.push_back({row(begin), row(begin + half)});
}

}  // namespace

// Columns are independent of each other, so their split over threads does not change a sum.
void add_rows(std::span<double> rows, std::size_t width, std::span<const Addition> additions) {
  if (additions.empty()) return;
  constexpr std::size_t grain = 2048;
  run_parallel((width + grain - 1) / grain, [&](std::size_t part) {
    const std::size_t begin = part * grain, end = std::min(begin + grain, width);
    for (const Addition& add : additions) {
      double* into = rows.data() + add.into * width;
      const double* from = rows.data() + add.from * width;
      for (std::size_t c = begin; c < end; ++c) into[c] += from[c];
    }
  });
}

std::vector<Range> aligned_nodes(Range range, std::size_t units) {
  std::vector<Range> nodes;
  std::size_t begin = range.begin;
  while (begin < range.end) {
    std::size_t span = begin == 0 ? std::bit_ceil(std::max<std::size_t>(units, 1)) : begin & (~begin + 1);
    while (std::min(begin + span, units) > range.end) span /= 2;
    const std::size_t end = std::min(begin + span, units);
    nodes.push_back({begin, end});
    begin = end;
  }
  return nodes;
}

std::vector<Addition> node_additions(std::size_t first, Range node, std::size_t units) {
  std::vector<Addition> list;
  additions(
      node.begin, std::bit_ceil(node.size()), units, [](Range part) { return part.size() == 1; },
      [first](std::size_t unit) { return unit - first; }, list);
  return list;
}

std::vector<Addition> finish_additions(std::span<const Range> nodes, std::size_t units) {
  std::vector<Addition> list;
  if (nodes.empty()) return list;
  const auto at = [nodes](std::size_t unit) {
    return std::lower_bound(nodes.begin(), nodes.end(), unit,
                            [](const Range& node, std::size_t value) { return node.begin < value; });
  };
  additions(
      0, std::bit_ceil(units), units,
      [&](Range part) {
        const auto node = at(part.begin);
        return node != nodes.end() && *node == part;
      },
      [&](std::size_t unit) { return static_cast<std::size_t>(at(unit) - nodes.begin()); }, list);
  return list;
}

void reduce_node(std::span<double> rows, std::size_t width, std::size_t first, Range node,
                 std::size_t units) {
  add_rows(rows, width, node_additions(first, node, units));
}

void finish_tree(std::span<double> sums, std::size_t width, std::span<const Range> nodes, std::size_t units) {
  add_rows(sums, width, finish_additions(nodes, units));
}

}  // namespace qmtl
