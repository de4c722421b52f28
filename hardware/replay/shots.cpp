// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/shots.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// Whole numbers with the sum of `exact`, each within 1 of it; equal fractions in order.
std::vector<std::int64_t> round_keeping_sum(const std::vector<double>& exact, std::int64_t sum) {
  std::vector<std::int64_t> rounded;
  for (double value : exact) rounded.push_back(static_cast<std::int64_t>(std::floor(value)));
  std::vector<std::size_t> order(exact.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return exact[a] - std::floor(exact[a]) > exact[b] - std::floor(exact[b]);
  });
  std::int64_t left = sum - std::accumulate(rounded.begin(), rounded.end(), std::int64_t{0});
  for (std::size_t i = 0; i < order.size() && left > 0; ++i, --left) ++rounded[order[i]];
  return rounded;
}

}  // namespace

std::string_view name(ShotAllocation allocation) {
  return allocation == ShotAllocation::even ? "even" : "variance";
}

ShotAllocation parse_shot_allocation(std::string_view text) {
  for (ShotAllocation allocation : {ShotAllocation::even, ShotAllocation::variance})
    if (name(allocation) == text) return allocation;
  throw usage_error("expected even or variance, found '" + std::string(text) + "'");
}

std::vector<std::int64_t> allocate_shots(std::span<const double> variances, std::int64_t mean,
                                         std::int64_t most) {
  const auto count = static_cast<double>(variances.size());
  double roots = 0;
  for (double variance : variances) roots += std::sqrt(variance);
  if (!std::isfinite(roots))
    throw data_error(
        "shots by variance: expected what a shot brings into each logit to be finite, found a logit "
        "where it is not: an output scale of the model is too large; --allocate even needs none");
  std::vector<double> exact(variances.size(), static_cast<double>(mean));
  if (roots > 0) {
    // The least share first; the rest is given by variance.
    const double least = least_share * static_cast<double>(mean);
    for (std::size_t i = 0; i < exact.size(); ++i)
      exact[i] = least + (static_cast<double>(mean) - least) * count * std::sqrt(variances[i]) / roots;
  }
  auto shots = round_keeping_sum(exact, mean * static_cast<std::int64_t>(variances.size()));
  for (std::int64_t& n : shots) n = std::max<std::int64_t>(most ? std::min(n, most) : n, 1);
  return shots;
}

}  // namespace qmtl
