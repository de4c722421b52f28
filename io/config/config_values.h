// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "io/config/config_keys.h"
#include "runtime/base/error.h"
#include "runtime/base/names.h"
#include "runtime/base/nearest.h"

namespace qmtl {

/// How each type of value is read from TOML and written to it: read_value and write_value overloads.

template <class Enum>
Enum parse_as(std::string_view text);
template <>
inline Entangler parse_as(std::string_view text) {
  return parse_entangler(text);
}
template <>
inline Placement parse_as(std::string_view text) {
  return parse_placement(text);
}
template <>
inline BlockOrder parse_as(std::string_view text) {
  return parse_block_order(text);
}
template <>
inline ReadoutKind parse_as(std::string_view text) {
  return parse_readout_kind(text);
}
template <>
inline PairPattern parse_as(std::string_view text) {
  return parse_pattern(text);
}
template <>
inline LayerEncoding parse_as(std::string_view text) {
  return parse_layer_encoding(text);
}
template <>
inline OutputForm parse_as(std::string_view text) {
  return parse_output_form(text);
}
template <>
inline Activation parse_as(std::string_view text) {
  return parse_activation(text);
}
template <>
inline AngleMap parse_as(std::string_view text) {
  return parse_angle_map(text);
}
template <>
inline LayerKind parse_as(std::string_view text) {
  return parse_layer_kind(text);
}
template <>
inline PoolKind parse_as(std::string_view text) {
  return parse_pool_kind(text);
}
template <>
inline CopyInputs parse_as(std::string_view text) {
  return parse_copy_inputs(text);
}
template <>
inline FusionKind parse_as(std::string_view text) {
  return parse_fusion(text);
}
template <>
inline BlockStart parse_as(std::string_view text) {
  return parse_block_start(text);
}
template <>
inline SharedStart parse_as(std::string_view text) {
  return parse_shared_start(text);
}
template <>
inline OptimiserKind parse_as(std::string_view text) {
  return parse_optimiser(text);
}
template <>
inline ScheduleKind parse_as(std::string_view text) {
  return parse_schedule(text);
}
template <>
inline BatchKind parse_as(std::string_view text) {
  return parse_batch_kind(text);
}
template <>
inline TaskWeighting parse_as(std::string_view text) {
  return parse_task_weighting(text);
}
template <>
inline Gate parse_as(std::string_view text) {
  const auto gate = gate_by_name(text);
  if (!gate || !is_qubit_rotation(*gate))
    throw usage_error("expected " + one_of(gate_names(is_qubit_rotation), text) + ", found \"" +
                      std::string(text) + "\"");
  return *gate;
}
inline std::string_view name(Gate gate) { return info(gate).name; }

/// "at least 1", "above 0 and below 1": a rule's range in words, "" without one.
std::string range_text(const KeyRule& rule);

inline bool in_range(double value, const KeyRule& rule) {
  return rule.open ? value > rule.least && value < rule.most : value >= rule.least && value <= rule.most;
}

template <class Integer>
requires(std::is_integral_v<Integer> &&
         !std::is_same_v<Integer, bool>) void read_value(Integer& value, const toml::node& node,
                                                         const KeyPlace& at, const KeyRule& rule) {
  const auto* found = node.as_integer();
  // Limits of the C++ type, in the type TOML gives.
  constexpr std::int64_t most = sizeof(Integer) < 8 ? std::int64_t{std::numeric_limits<std::int32_t>::max()}
                                                    : std::numeric_limits<std::int64_t>::max();
  const bool fits = found && found->get() <= most &&
                    (std::is_signed_v<Integer> ? found->get() >= -most : found->get() >= 0);
  if (!fits || !in_range(static_cast<double>(found->get()), rule) || found->get() % rule.multiple != 0) {
    std::string expected = "an integer";
    if (rule.multiple != 1) expected = "a multiple of " + std::to_string(rule.multiple);
    wrong_value(node, at.file, at.key, expected + range_text(rule));
  }
  value = static_cast<Integer>(found->get());
}

inline void read_value(bool& value, const toml::node& node, const KeyPlace& at, const KeyRule&) {
  if (!node.is_boolean()) wrong_value(node, at.file, at.key, "true or false");
  value = node.as_boolean()->get();
}

inline void read_value(double& value, const toml::node& node, const KeyPlace& at, const KeyRule& rule) {
  const auto found = node.is_number() ? node.value<double>() : std::nullopt;
  if (!found || !std::isfinite(*found) || !in_range(*found, rule))
    wrong_value(node, at.file, at.key, "a number" + range_text(rule));
  value = *found;
}

inline void read_value(std::string& value, const toml::node& node, const KeyPlace& at, const KeyRule& rule) {
  if (!node.is_string()) wrong_value(node, at.file, at.key, "a string");
  const std::string found = node.as_string()->get();
  if (rule.check) try {
      rule.check(found);
    } catch (const Error& error) {
      throw usage_error(where(node, at.file) + ": " + at.key + ": " + error.what());
    }
  value = found;
}

template <class Enum>
requires std::is_enum_v<Enum>
void read_value(Enum& value, const toml::node& node, const KeyPlace& at, const KeyRule&) {
  if (!node.is_string()) wrong_value(node, at.file, at.key, "a string");
  try {
    value = parse_as<Enum>(node.as_string()->get());
  } catch (const Error& error) {
    throw usage_error(where(node, at.file) + ": " + at.key + ": " + error.what());
  }
}

void read_value(LayerSpec& layer, const toml::node& node, const KeyPlace& at, const KeyRule& rule);
void read_value(CircuitLayer& layer, const toml::node& node, const KeyPlace& at, const KeyRule& rule);

template <class T>
void read_value(std::vector<T>& values, const toml::node& node, const KeyPlace& at, const KeyRule& rule) {
  if (!node.is_array()) wrong_value(node, at.file, at.key, "an array");
  std::vector<T> found;
  for (const toml::node& element : *node.as_array()) {
    const std::string key = at.key + "[" + std::to_string(found.size()) + "]";
    read_value(found.emplace_back(), element, {at.file, key}, rule);
  }
  values = std::move(found);
}

template <class Integer>
requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>) std::string
    write_value(Integer value) {
  return std::to_string(value);
}
inline std::string write_value(bool value) { return value ? "true" : "false"; }
inline std::string write_value(double value) { return written_double(value); }
inline std::string write_value(const std::string& value) { return toml_string(value); }
template <class Enum>
requires std::is_enum_v<Enum> std::string write_value(Enum value) { return toml_string(name(value)); }
std::string write_value(const LayerSpec& layer);
std::string write_value(const CircuitLayer& layer);
template <class T>
std::string write_value(const std::vector<T>& values) {
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i) text += (i ? ", " : "") + write_value(values[i]);
  return text + "]";
}

/// What a value of a type is, in words; `rule` says the range.
template <class T>
std::string value_type(const KeyRule& rule) {
  if constexpr (std::is_same_v<T, bool>) {
    return "true or false";
  } else if constexpr (std::is_same_v<T, Gate>) {
    return "\"rx\", \"ry\" or \"rz\"";
  } else if constexpr (std::is_enum_v<T>) {
    std::string text;
    constexpr std::size_t count = enumerators<T>();
    for (std::size_t i = 0; i < count; ++i)
      text += (i == 0 ? "" : i + 1 == count ? " or " : ", ") + toml_string(name(static_cast<T>(i)));
    return text;
  } else if constexpr (std::is_integral_v<T>) {
    return (rule.multiple == 1 ? "an integer" : "a multiple of " + std::to_string(rule.multiple)) +
           range_text(rule);
  } else if constexpr (std::is_floating_point_v<T>) {
    return "a number" + range_text(rule);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "a string";
  } else if constexpr (std::is_same_v<T, LayerSpec>) {
    return "a layer";
  } else if constexpr (std::is_same_v<T, CircuitLayer>) {
    return "a circuit's layer";
  } else {
    return "an array, each " + value_type<typename T::value_type>(rule);
  }
}

/// One row of a key table. `member` is a generic lambda that gives the member of a (const or not) Object.
template <class Object, class Member>
Key<Object> key(const std::string& name, Member member, KeyRule rule = {}, const std::string& summary = {},
                const std::string& words = {}) {
  using Value = std::remove_cvref_t<decltype(member(std::declval<Object&>()))>;
  return {.name = name,
          .read = [member, rule](Object& object, const toml::node& node,
                                 const KeyPlace& at) { read_value(member(object), node, at, rule); },
          .write = [member](const Object& object) { return write_value(member(object)); },
          .type = value_type<Value>(rule),
          .summary = summary,
          .words = words};
}

}  // namespace qmtl
