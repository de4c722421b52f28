// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/loop/reduction.h"

#include <algorithm>

namespace qmtl {
namespace {

/// By columns there are two exchanges instead of one: not worth it for few ranks or few numbers.
constexpr std::size_t fewest_ranks = 4, fewest_bytes = 64 << 10;

std::size_t at(int rank) { return static_cast<std::size_t>(rank); }

}  // namespace

std::size_t Reduction::received(int rank) const {
  if (ranges.size() < 2) return 0;
  const std::size_t others = nodes.size() - node_numbers[at(rank)].size();
  const std::size_t numbers =
      columns.empty() ? others * width : others * columns[at(rank)].size() + width - columns[at(rank)].size();
  return numbers * sizeof(double);
}

Reduction plan_reduction(std::vector<Range> ranges, std::size_t units, std::size_t width, ExchangeKind kind) {
  Reduction plan{units, width, std::move(ranges), {}, {}, {}};
  for (const Range& range : plan.ranges) {
    const auto own = aligned_nodes(range, units);
    plan.node_numbers.push_back({plan.nodes.size(), plan.nodes.size() + own.size()});
    plan.nodes.insert(plan.nodes.end(), own.begin(), own.end());
  }
  const bool many =
      plan.ranges.size() >= fewest_ranks && plan.nodes.size() * width * sizeof(double) >= fewest_bytes;
  if (kind == ExchangeKind::columns || (kind == ExchangeKind::automatic && many))
    plan.columns = cut_evenly(width, static_cast<int>(plan.ranges.size()));
  return plan;
}

std::span<const double> sum_own_nodes(const Reduction& plan, int rank, std::vector<double>& rows) {
  const Range own = plan.ranges[at(rank)], numbers = plan.node_numbers[at(rank)];
  std::size_t place = 0;
  for (const Range& node : std::span(plan.nodes).subspan(numbers.begin, numbers.size())) {
    add_rows(rows, plan.width, node_additions(own.begin, node, plan.units));
    const double* from = rows.data() + (node.begin - own.begin) * plan.width;
    double* to = rows.data() + place++ * plan.width;
    if (from != to) std::copy(from, from + plan.width, to);
  }
  return std::span(rows).first(numbers.size() * plan.width);
}

}  // namespace qmtl
