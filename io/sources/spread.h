// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace qmtl {

/// What is known of a column's numbers after one pass.
struct NumberSpread {
  double least = std::numeric_limits<double>::infinity(), most = -least;
  bool whole = true, exact = true;  ///< all whole, all equal to a single-precision number?

  void add(double value) {
    least = std::min(least, value);
    most = std::max(most, value);
    if (whole) whole = value == std::floor(value);
    if (exact) exact = static_cast<double>(static_cast<float>(value)) == value;
  }
  /// May single precision merge numbers that mean something?
  bool doubtful() const {
    constexpr double step = 0x1p-24, loss = 1e-5;
    return !exact && (whole || std::max(std::abs(least), std::abs(most)) * step > loss * (most - least));
  }
  /// A whole number, so that whole numbers stay whole beside it.
  double middle() const { return std::floor(least / 2 + most / 2); }
};

}  // namespace qmtl
