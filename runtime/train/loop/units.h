// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qmtl {

/// A contiguous range [begin, end) of unit, row or shard numbers.
struct Range {
  std::size_t begin = 0, end = 0;
  std::size_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

/// Costs on an integer scale from 1 to 2^20, so that every rank computes the same cut whatever its
/// arithmetic. Costs that are not positive and finite count as the smallest.
std::vector<std::uint64_t> integer_costs(std::span<const double> costs);

/// Cuts units 0 .. costs.size()-1 into one contiguous range per rank, by cost prefix sum: a unit belongs to
/// the rank in whose equal share of the total the middle of the unit lies. Ranges may be empty; together they
/// are everything.
std::vector<Range> cut_by_cost(std::span<const std::uint64_t> costs, int ranks);

/// The same with a share of its own for each rank, such as its speed: 1 to largest_share.
std::vector<Range> cut_by_cost(std::span<const std::uint64_t> costs, std::span<const std::uint64_t> shares);
inline constexpr std::uint64_t largest_share = 1 << 12;

/// The same for `count` units of equal cost.
std::vector<Range> cut_evenly(std::size_t count, int ranks);

}  // namespace qmtl
