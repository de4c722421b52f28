// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "io/config/config_values.h"
#include "runtime/base/error.h"
#include "runtime/circuit/ansatz/presets.h"

namespace qmtl {

/// What the tables of keys are written with: ranges, checks, and when a key is written or free to change.

inline KeyRule at_least(double least) { return {{.least = least}}; }
inline KeyRule between(double least, double most) { return {{.least = least, .most = most}}; }
inline KeyRule positive() { return {above(0)}; }
inline KeyRule checked(std::function<void(const std::string&)> check) { return {{}, 1, std::move(check)}; }

inline void check_filled(const std::string& text) {
  if (text.empty()) throw usage_error("expected a text, found an empty one");
}
inline void check_preset(const std::string& text) { preset_named(text); }

/// The member of an object, const or not, for both directions of a key.
#define QMTL_MEMBER(path) ([](auto& object) -> auto& { return object.path; })

template <class Object>
Key<Object> when(bool (*present)(const Object&), Key<Object> row) {
  row.present = present;
  return row;
}

/// The keys of [backbone], [head], [circuit] and [block].
std::vector<Key<Config>> model_keys();

}  // namespace qmtl
