// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "io/sources/numbers.h"

namespace qmtl {

/// What a column seems to be.
enum class ColumnKind : std::uint8_t { empty, constant, number, category, id, text };

/// What was found in a column of a table.
class ColumnProfile {
 public:
  std::string name;
  std::size_t rows = 0, missing = 0, numbers = 0;
  std::unordered_map<std::string, std::size_t> counts;  ///< of different texts, as long as they are few
  bool many = false;                                    ///< were there more?
  bool whole = true, unique = true, blanks = false;
  bool counting = true;  ///< 0, 1, 2, ... or 1, 2, 3, ...?
  double least = std::numeric_limits<double>::infinity(), most = -least;

  void add(std::string_view cell, const NumberFormat& format);
  ColumnKind kind() const;
  /// Words such as NA that customarily mean "missing", in the order of their bytes.
  std::vector<std::string> missing_words() const;
  /// Different texts but those words, sorted as classes are.
  std::vector<std::string> values(const NumberFormat& format) const;
  /// Are all texts but those words numbers?
  bool is_number() const;
  /// Cells that are empty or one of those words.
  std::size_t all_missing() const;
  /// "number, 1.5 to 9, 3 % missing": what is found, in a line.
  std::string described(const NumberFormat& format) const;

 private:
  double previous_ = 0;
  std::unordered_set<std::size_t> seen_;
};

}  // namespace qmtl
