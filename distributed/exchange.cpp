// SPDX-License-Identifier: Apache-2.0
#include "distributed/exchange.h"

namespace qmtl {
namespace {

std::size_t at(int rank) { return static_cast<std::size_t>(rank); }

std::vector<double> reduce_by_rows(const Comm& comm, const Reduction& plan, std::span<const double> mine) {
  std::vector<std::size_t> counts;
  for (const Range& numbers : plan.node_numbers) counts.push_back(numbers.size() * plan.width);
  std::vector<double> sums(plan.nodes.size() * plan.width);
  comm.gather(mine, counts, sums);
  finish_tree(sums, plan.width, plan.nodes, plan.units);
  sums.resize(plan.width);
  return sums;
}

std::vector<double> reduce_by_columns(const Comm& comm, const Reduction& plan, std::span<const double> mine) {
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

std::vector<double> exchange_sums(const Comm& comm, const Reduction& plan, std::vector<double>& rows) {
  const std::span<const double> mine = sum_own_nodes(plan, comm.rank(), rows);
  if (comm.size() == 1) return {mine.begin(), mine.end()};
  return plan.columns.empty() ? reduce_by_rows(comm, plan, mine) : reduce_by_columns(comm, plan, mine);
}

}  // namespace qmtl
