// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qmtl {

/// Samples as rows of a row-major array [rows, columns] that somebody else owns.
struct Rows {
  std::span<const float> values;  ///< one row after another
  std::size_t columns = 1;        ///< of every row

  /// How many; throws Error (usage) where `values` is no whole number of rows.
  std::size_t count() const;
};

/// Predictions of several tasks side by side, row-major [rows, columns].
struct Table {
  std::vector<float> values;  ///< one row after another
  std::size_t columns = 1;    ///< of every row

  std::size_t count() const { return values.size() / columns; }  ///< rows
  /// Row `i`, from 0; valid while the table is not changed.
  std::span<const float> row(std::size_t i) const { return std::span(values).subspan(i * columns, columns); }
};

}  // namespace qmtl
