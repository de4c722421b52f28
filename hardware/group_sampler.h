// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hardware/executor.h"
#include "hardware/mitigation/row_reading.h"

namespace qmtl {

/// Executes a program many times over: what a group of classical bits reads is a distribution that is
/// computed once, exactly, from which any number of shots is drawn. Bits of different groups are drawn
/// independently: each group's readings are as Executor has them, correlations between groups are not. A
/// forecast can do without them, where outputs read one group each.
class GroupSampler {
 public:
  /// Each classical bit is in one of the groups. Nothing where a group's light cone is too large for a
  /// density matrix, or where frequencies drift: Executor takes those.
  static std::optional<GroupSampler> make(const Sweep& sweep, const NoiseModel& noise,
                                          std::vector<std::vector<int>> groups);

  /// counts[row] of shots number `first` to `last` - 1: a shot depends on seed, row, group and its number
  /// alone.
  std::vector<Counts> counts(std::int64_t first, std::int64_t last, std::uint64_t seed) const;

 private:
  std::size_t rows_ = 0, bits_ = 0;
  std::vector<std::vector<int>> groups_;
  std::vector<std::vector<double>> cumulative_;  ///< [row * groups + group][bits of the group]
};

/// The classical bits that outputs read, those of one output together: groups that share no bit, and every
/// other of `bits` bits alone.
std::vector<std::vector<int>> read_together(std::span<const ReadOutput> outputs, std::size_t bits);

}  // namespace qmtl
