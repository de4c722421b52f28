// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "runtime/model/data.h"

namespace qmtl {

/// each(row number, its numbers) for `rows`, in their order. Of an input that does not lie in memory runs of
/// consecutive rows are read at once.
template <class Each>
void for_each_row(const Input& input, std::span<const std::size_t> rows, Each each) {
  if (!input.rows) {
    for (std::size_t row : rows) each(row, input.values.data() + row * input.width);
    return;
  }
  const std::size_t most = std::max<std::size_t>(1, (std::size_t{1} << 18) / input.width);
  std::vector<float> numbers(most * input.width);
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t count = 1;
    while (count < most && i + count < rows.size() && rows[i + count] == rows[i] + count) ++count;
    input.rows->read(rows[i], count, numbers.data());
    for (std::size_t r = 0; r < count; ++r) each(rows[i + r], numbers.data() + r * input.width);
    i += count;
  }
}

}  // namespace qmtl
