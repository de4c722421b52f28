// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "runtime/train/loop/tree.h"

namespace qmtl {

/// How the ranks sum the rows of their units, planned once for a cut; pure integers. Every rank reduces its
/// aligned nodes. Then either every rank gets all nodes' sums and finishes the tree, or (by columns) every
/// rank gets some columns of them, finishes the tree there, and all get the finished columns: of many ranks
/// each then receives about two rows instead of one from every rank. The bits are the same.
struct Reduction {
  std::size_t units = 0, width = 0;  ///< rows of all ranks, numbers a row
  std::vector<Range> ranges;         ///< units of each rank
  std::vector<Range> nodes;          ///< of all ranks, in order
  std::vector<Range> node_numbers;   ///< of each rank: which of `nodes`
  std::vector<Range> columns;        ///< of each rank, where the exchange is by columns; else empty

  /// Bytes that a rank receives from other ranks.
  std::size_t received(int rank) const;
};

enum class ExchangeKind { automatic, rows, columns };

Reduction plan_reduction(std::vector<Range> ranges, std::size_t units, std::size_t width,
                         ExchangeKind kind = ExchangeKind::automatic);

/// Sums each aligned node of a rank into a row and returns these rows, which are then in front of `rows`;
/// that holds the rank's units, a row each. Of a single rank this is the sum over all units.
std::span<const double> sum_own_nodes(const Reduction& plan, int rank, std::vector<double>& rows);

}  // namespace qmtl
