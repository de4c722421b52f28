// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/nearest.h"

#include <numeric>

namespace qmtl {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // One row of the table at a time: row[j] is the distance from the part of a read so far to b's first j.
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (const char c : a) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (c == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates, std::size_t most) {
  std::string best;
  std::size_t least = most;
  bool any = false;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (any ? distance < least : distance <= most) least = distance, best = candidate, any = true;
  }
  return best;
}

std::string one_of(const std::vector<std::string>& known, std::string_view instead_of) {
  std::string text = "one of ";
  for (std::size_t i = 0; i < known.size(); ++i) text.append(i == 0 ? "" : ", ").append(known[i]);
  const std::string near = nearest(instead_of, known, likely_slips(instead_of));
  return near.empty() ? text : text + " (the nearest is " + near + ")";
}

}  // namespace qmtl
