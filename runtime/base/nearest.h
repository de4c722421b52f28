// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace qmtl {

/// The number of characters to insert, remove or replace to make one text of the other (Levenshtein 1966).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate of the smallest edit distance, the first of several; "" if none is within `most` edits.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates,
                    std::size_t most = std::string::npos);

/// "one of a, b, c", and "(the nearest is b)" where the name may be a slip: what a message expects instead.
std::string one_of(const std::vector<std::string>& known, std::string_view instead_of);

/// So many edits may be a slip of the fingers; what is farther away was hardly meant.
constexpr std::size_t likely_slips(std::string_view word) {
  return std::max<std::size_t>(2, word.size() / 3);
}

}  // namespace qmtl
