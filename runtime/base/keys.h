// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <string_view>

namespace qmtl {

/// The numbers that a configuration key takes.
struct KeyRange {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool open = false;  ///< least and most themselves are excluded
};
constexpr KeyRange above(double least) { return {.least = least, .open = true}; }

/// A key of a row of a table: its name in the configuration, the member of Object that it sets, and what is
/// allowed. `Member` is a pointer to a member, or a variant of such pointers.
template <class Member>
struct RowKey {
  std::string_view name;
  Member member;
  KeyRange range = {};
  bool required = false;
  std::string_view summary = {};  ///< what it decides, a phrase
};
template <class Object>
using NumberKey = RowKey<double Object::*>;

}  // namespace qmtl
