// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "runtime/train/loop/units.h"

namespace qmtl {

// The one binary tree over unit numbers that every sum follows. Node (level l, index i) covers the units
// [i 2^l, (i + 1) 2^l), cut off at the number of units; its sum is that of its left half plus that of its
// right half (or the left alone where the right is empty). The tree depends on nothing but the number of
// units, so neither does the rounding of the sum: any cut into ranks gives the same bits.

/// One row of numbers is added to another.
struct Addition {
  std::size_t into, from;  ///< row numbers
};
/// Does the additions in their order, in parallel over columns.
void add_rows(std::span<double> rows, std::size_t width, std::span<const Addition> additions);

/// The largest nodes of the tree over `units` units that lie inside `range`, in order: at most 2 log2(units)
/// of them.
std::vector<Range> aligned_nodes(Range range, std::size_t units);

/// What sums the rows [node] into the node's first row; rows start with that of unit `first`.
std::vector<Addition> node_additions(std::size_t first, Range node, std::size_t units);
/// What finishes the tree from a row for each of `nodes`, which cover all units in order, into the first row.
std::vector<Addition> finish_additions(std::span<const Range> nodes, std::size_t units);

/// Sums the rows [node] of `rows` into the node's first row, as the tree says; the other rows are
/// overwritten. `rows` holds `width` numbers a row and starts with the row of unit `first`. Runs in parallel
/// over columns.
void reduce_node(std::span<double> rows, std::size_t width, std::size_t first, Range node, std::size_t units);

/// Finishes the tree from the sums of `nodes`, which cover all units in order. `sums` holds `width` numbers
/// per node and is overwritten; its first row is the result.
void finish_tree(std::span<double> sums, std::size_t width, std::span<const Range> nodes, std::size_t units);

}  // namespace qmtl
