// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qmtl {

/// Samples as rows of a row-major array [rows, columns] that somebody else owns.
struct Rows {
  std::span<const float> values;
  std::size_t columns = 1;

  /// How many; throws Error (usage) where `values` is no whole number of rows.
  std::size_t count() const;
};

/// Predictions of several tasks side by side, row-major [rows, columns].
struct Table {
  std::vector<float> values;
  std::size_t columns = 1;

  std::size_t count() const { return values.size() / columns; }
  std::span<const float> row(std::size_t i) const { return std::span(values).subspan(i * columns, columns); }
};

}  // namespace qmtl
