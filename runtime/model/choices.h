// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/base/error.h"

namespace qmtl {

/// The names of an enumeration's values, in their order, and the one parser for all of them.
template <class Value, std::size_t N>
struct Choices {
  std::string_view what;  ///< for messages, e.g. "activation"
  std::array<std::string_view, N> names;

  std::string_view name(Value value) const { return names[static_cast<std::size_t>(value)]; }
  /// Throws Error (usage) listing the choices.
  Value parse(std::string_view text) const {
    std::string listed;
    for (std::size_t i = 0; i < N; ++i) {
      if (names[i] == text) return static_cast<Value>(i);
      listed += (i == 0 ? "" : ", ") + std::string(names[i]);
    }
    throw usage_error("unknown " + std::string(what) + " '" + std::string(text) + "': expected one of " +
                      listed);
  }
};

}  // namespace qmtl
