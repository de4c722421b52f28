// SPDX-License-Identifier: Apache-2.0
#include "distributed/reduction.h"

#include <algorithm>

namespace qmtl {
namespace {

/// By columns there are two exchanges instead of one: not worth it for few ranks or few numbers.
constexpr std::size_t fewest_ranks = 4, fewest_bytes = 64 << 10;

std::size_t at(int rank) { return static_cast<std::size_t>(rank); }

/// Sums each node of `own` into its first row and moves these rows to the front.
void reduce_own(const Reduction& plan, Range own, std::span<const Range> nodes, std::vector<double>& rows) {
  std::size_t place = 0;
  for (const Range& node : nodes) {
    add_rows(rows, plan.width, node_additions(own.begin, node, plan.units));
    const double* from = rows.data() + (node.begin - own.begin) * plan.width;
    double* to = rows.data() + place++ * plan.width;
    if (from != to) std::copy(from, from + plan.width, to);
  }
  rows.resize(nodes.size() * plan.width);
}

std::vector<double> reduce_by_rows(const Comm& comm, const Reduction& plan, const std::vector<double>& mine) {
  std::vector<std::size_t> counts;
  for (const Range& numbers : plan.node_numbers) counts.push_back(numbers.size() * plan.width);
  std::vector<double> sums(plan.nodes.size() * plan.width);
  comm.gather(mine, counts, sums);
  finish_tree(sums, plan.width, plan.nodes, plan.units);
  sums.resize(plan.width);
  return sums;
}

std::vector<double> reduce_by_columns(const Comm& comm, const Reduction& plan,
                                      const std::vector<double>& mine) {
  const std::size_t own_nodes = plan.node_numbers[at(comm.rank())].size();
  const std::size_t own_width = plan.columns[at(comm.rank())].size();
  std::vector<double> packed;
  packed.reserve(mine.size());
  std::vector<std::size_t> to, from, widths;
  for (std::size_t rank = 0; rank < plan.columns.size(); ++rank) {
    const Range columns = plan.columns[rank];
    for (std::size_t node = 0; node < own_nodes; ++node) {
      const double* row = mine.data() + node * plan.width;
      packed.insert(packed.end(), row + columns.begin, row + columns.end);
    }
    to.push_back(own_nodes * columns.size());
    from.push_back(plan.node_numbers[rank].size() * own_width);
    widths.push_back(columns.size());
  }
  std::vector<double> sums(plan.nodes.size() * own_width);
  comm.exchange(packed, to, from, sums);
  finish_tree(sums, own_width, plan.nodes, plan.units);
  std::vector<double> all(plan.width);
  comm.gather(std::span<const double>(sums).first(own_width), widths, all);
  return all;
}

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

std::vector<double> reduce(const Comm& comm, const Reduction& plan, std::vector<double>& rows) {
  const Range numbers = plan.node_numbers[at(comm.rank())];
  reduce_own(plan, plan.ranges[at(comm.rank())], std::span(plan.nodes).subspan(numbers.begin, numbers.size()),
             rows);
  if (comm.size() == 1) return std::move(rows);
  return plan.columns.empty() ? reduce_by_rows(comm, plan, rows) : reduce_by_columns(comm, plan, rows);
}

}  // namespace qmtl
