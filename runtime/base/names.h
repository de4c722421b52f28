// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/error.h"

namespace qmtl {

/// Whether `value` is an enumerator: compilers spell it `qmtl::Kind::name`, any other value `(qmtl::Kind)7`.
template <class Enum, Enum value>
consteval bool is_enumerator() {
  const std::string_view text = __PRETTY_FUNCTION__;
  const char first = text[text.find_last_of(":)") + 1];
  return !(first >= '0' && first <= '9');
}

/// How many enumerators an enumeration has that counts 0, 1, ...
template <class Enum, std::size_t from = 0>
consteval std::size_t enumerators() {
  if constexpr (is_enumerator<Enum, static_cast<Enum>(from)>())
    return enumerators<Enum, from + 1>();
  else
    return from;
}

/// Whether a table has one row for every enumerator, in their order; `kind` is the row's member that says
/// which.
template <class Enum, class Row, std::size_t size>
constexpr bool one_row_each(const Row (&table)[size], Enum Row::*kind) {
  for (std::size_t i = 0; i < size; ++i)
    if (static_cast<std::size_t>(table[i].*kind) != i || table[i].name.empty()) return false;
  return size == enumerators<Enum>();
}

/// The row of that name. Throws Error (usage) listing the names: "unknown metric 'x': expected one of ...".
template <class Row>
const Row& row_named(std::span<const Row> table, std::string_view what, std::string_view name) {
  std::string listed;
  for (const Row& row : table) {
    if (row.name == name) return row;
    listed.append(listed.empty() ? "" : ", ").append(row.name);
  }
  throw usage_error("unknown " + std::string(what) + " '" + std::string(name) + "': expected one of " +
                    listed);
}

/// The names of an enumeration's values, in their order, and the one parser for all of them. A name that is
/// missing, or one too many, does not compile.
template <class Enum>
class Names {
 public:
  /// `what` is for messages, e.g. "activation".
  template <std::size_t count>
  consteval Names(std::string_view what, const std::string_view (&names)[count]) : what_(what) {
    static_assert(count == enumerators<Enum>(), "every enumerator needs its name, in their order");
    for (std::size_t i = 0; i < count; ++i) rows_[i] = {names[i]};
  }

  std::string_view name(Enum value) const { return rows_.at(static_cast<std::size_t>(value)).name; }
  /// Throws Error (usage) listing the choices.
  Enum parse(std::string_view text) const {
    const std::span<const Row> rows = rows_;
    return static_cast<Enum>(&row_named(rows, what_, text) - rows.data());
  }

 private:
  struct Row {
    std::string_view name;
  };
  std::string_view what_;
  std::array<Row, enumerators<Enum>()> rows_;
};

}  // namespace qmtl
