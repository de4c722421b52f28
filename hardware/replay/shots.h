// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace qmtl {

enum class ShotAllocation : std::uint8_t {
  even,      ///< every program the same
  variance,  ///< in proportion to the root of the variance that one shot of it brings into the logits
};
std::string_view name(ShotAllocation allocation);
/// Throws Error (usage) listing the choices.
ShotAllocation parse_shot_allocation(std::string_view text);

/// No program gets less than this share of the mean: an estimated variance is itself uncertain.
inline constexpr double least_share = 0.25;

/// Shots of each program, `mean` on average (Neyman's allocation: for sum_i V_i / n_i at a given sum of n_i,
/// n_i ~ sqrt(V_i) is best), at most `most` (0: no limit). Fractions are rounded so that the sum is kept, the
/// largest first. Without any variance all get the same. Throws Error (data) for one that is not finite.
std::vector<std::int64_t> allocate_shots(std::span<const double> variances, std::int64_t mean,
                                         std::int64_t most);

}  // namespace qmtl
