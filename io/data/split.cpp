// SPDX-License-Identifier: Apache-2.0
#include "io/data/split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace qmtl {

void split_rows(std::span<const std::size_t> rows, std::span<const double> fractions, std::int64_t seed,
                const std::string& where, std::span<std::uint8_t> split) {
  double sum = 0;
  bool valid = fractions.size() == 3;
  for (double fraction : fractions) {
    sum += fraction;
    valid = valid && fraction >= 0 && fraction <= 1;
  }
  // Decimal fractions such as 0.7 + 0.15 + 0.15 add up to 1 only within rounding.
  if (!valid || std::abs(sum - 1) > 1e-9)
    throw usage_error(where + ": expected three fractions (train, validation, test) that add up to 1");
  std::vector<std::pair<std::array<unsigned char, 32>, std::size_t>> order;
  for (std::size_t row : rows) {
    Sha256 hash;
    hash.update(std::to_string(seed) + ":" + std::to_string(row));
    order.emplace_back(hash.digest(), row);
  }
  std::sort(order.begin(), order.end());
  const auto bound = [&](double fraction) {
    return static_cast<std::size_t>(std::llround(fraction * static_cast<double>(rows.size())));
  };
  const std::size_t train = bound(fractions[0]), validation = bound(fractions[0] + fractions[1]);
  for (std::size_t i = 0; i < order.size(); ++i)
    split[order[i].second] = static_cast<std::uint8_t>(i < train ? 0 : i < validation ? 1 : 2);
}

}  // namespace qmtl
