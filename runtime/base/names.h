// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/nearest.h"

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

/// The row of that name; a table is a range of rows or of pointers to rows. Throws Error (usage) with the
/// names and the nearest of them: "unknown metric 'x': expected one of ...".
template <class Table>
const auto& row_named(const Table& table, std::string_view what, std::string_view name) {
  std::vector<std::string> known;
  for (const auto& entry : table) {
    const auto& row = [&]() -> const auto& {
      if constexpr (std::is_pointer_v<std::remove_cvref_t<decltype(entry)>>)
        return *entry;
      else
        return entry;
    }
    ();
    if (row.name == name) return row;
    known.emplace_back(row.name);
  }
  throw usage_error("unknown " + std::string(what) + " '" + std::string(name) + "': expected " +
                    one_of(known, name));
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
    return static_cast<Enum>(&row_named(rows_, what_, text) - rows_.data());
  }

 private:
  struct Row {
    std::string_view name;
  };
  std::string_view what_;
  std::array<Row, enumerators<Enum>()> rows_;
};

}  // namespace qmtl
