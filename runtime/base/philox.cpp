// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/philox.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "runtime/base/math.h"

namespace qmtl {
namespace {

std::uint64_t join(std::uint32_t high, std::uint32_t low) { return std::uint64_t{high} << 32 | low; }

double unit_interval(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

}  // namespace

// The key is itself a Philox output, so that nearby seeds and purposes share nothing.
RandomStream::RandomStream(std::uint64_t seed, Purpose purpose) {
  const auto mixed = philox({static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                             static_cast<std::uint32_t>(purpose), 0},
                            {0x716d746cu, 0x6b657973u});
  key_ = {mixed[0], mixed[1]};
}

double RandomStream::uniform(Position at) const {
  const auto word = bits(at);
  return unit_interval(join(word[0], word[1]));
}

double RandomStream::normal(Position at) const {
  const auto word = bits(at);
  // 1 - u lies in (0, 1]: the logarithm is finite.
  const double radius = std::sqrt(-2.0 * math::log(1.0 - unit_interval(join(word[0], word[1]))));
  return radius * math::cos(2.0 * math::pi * unit_interval(join(word[2], word[3])));
}

std::vector<std::size_t> RandomStream::permutation(std::size_t n, std::uint32_t step,
                                                   std::uint32_t task) const {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t last = n; last-- > 1;) {
    const auto word = bits({step, task, 0, static_cast<std::uint32_t>(last)});
    // floor(u (last + 1) / 2^64) for a 64-bit u, in two 32-bit halves; exact while n < 2^32.
    const std::uint64_t low = word[1] * std::uint64_t{last + 1} >> 32;
    std::swap(order[last], order[(word[0] * std::uint64_t{last + 1} + low) >> 32]);
  }
  return order;
}

}  // namespace qmtl
