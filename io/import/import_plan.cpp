// SPDX-License-Identifier: Apache-2.0
#include "io/import/import_plan.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "io/import/import_table.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// How often a name is meant, and as what.
struct Uses {
  std::size_t inputs = 0, numbers = 0, texts = 0;
};

class Plan {
 public:
  explicit Plan(const toml::table& description) {
    use("file", &Uses::texts);  // pictures may be named there without a word
    if (const toml::table* inputs = description["input"].as_table())
      for (const auto& [name, input] : *inputs)
        if (const toml::table* keys = input.as_table()) use_input(*keys);
    if (const toml::table* tasks = description["task"].as_table())
      for (const auto& [name, task] : *tasks)
        if (const toml::table* keys = task.as_table()) use_task(*keys);
    if (const toml::table* each = description["tasks"]["each"].as_table()) use_task(*each);
    for (const auto& [key, node] : description)
      if (key != "input" && key != "task" && key != "columns") use_all(key.str(), node, &Uses::texts);
    if (const toml::array* names = description["columns"].as_array())
      for (const toml::node& name : *names)
        for (std::string& one : expanded(name.value_or(std::string()))) names_.push_back(std::move(one));
  }

  std::vector<Keep> operator()(const std::vector<std::string>& header, std::size_t columns) const {
    const std::vector<std::string>& names = names_.empty() ? header : names_;
    const std::unordered_map<std::string_view, int> known = [&] {
      std::unordered_map<std::string_view, int> all;
      for (const std::string& name : names) all.emplace(name, 0);
      return all;
    }();
    std::vector<Keep> keep;
    for (std::size_t column = 0; column < columns; ++column) {
      Uses uses;
      const auto add = [&](const std::string& name) {
        if (const auto found = uses_.find(name); found != uses_.end()) {
          uses.inputs += found->second.inputs;
          uses.numbers += found->second.numbers;
          uses.texts += found->second.texts;
        }
      };
      if (column < names.size()) add(names[column]);
      if (const std::string number = std::to_string(column + 1); !known.contains(number)) add(number);
      keep.push_back(uses.texts > 0                          ? Keep::text
                     : uses.inputs == 1 && uses.numbers == 0 ? Keep::input
                     : uses.inputs + uses.numbers > 0        ? Keep::number
                                                             : Keep::missing);
    }
    return keep;
  }

 private:
  using Kind = std::size_t Uses::*;

  static std::vector<std::string> expanded(const std::string& name) {
    try {
      return expand_range(name, "");
    } catch (const Error&) {
      return {name};  // what reads the key says so
    }
  }

  void use(const std::string& name, Kind kind) {
    const std::vector<std::string> members = expanded(name);
    for (const std::string& member : members) uses_[member].*kind += 1;
    if (members.size() != 1 || members[0] != name) uses_[name].*kind += 1;
  }

  /// Every text and whole number below a key, but those that cannot be columns.
  void use_all(std::string_view key, const toml::node& node, Kind kind) {
    constexpr std::array<std::string_view, 10> values{"positive",      "negative", "classes", "missing",
                                                      "missing_texts", "units",    "unit",    "kind",
                                                      "metric",        "title"};
    if (std::find(values.begin(), values.end(), key) != values.end()) return;
    if (const toml::table* table = node.as_table()) {
      for (const auto& [name, inner] : *table) {
        const bool column = key == "keep" || key == "drop";
        if (column)
          use(std::string(name.str()), kind);
        else
          use_all(name.str(), inner, kind);
      }
    } else if (const toml::array* array = node.as_array()) {
      for (const toml::node& inner : *array) use_all(key, inner, kind);
    } else if (node.is_string()) {
      use(node.value_or(std::string()), kind);
    } else if (node.is_integer()) {
      use(std::to_string(node.value_or(std::int64_t{0})), kind);
    }
  }

  /// Does a list of texts that mean "missing" have a number, which must then be compared as a text?
  static bool has_number(const toml::table& keys, std::string_view key) {
    const toml::array* texts = keys[key].as_array();
    double ignored = 0;
    return texts && std::any_of(texts->begin(), texts->end(), [&](const toml::node& node) {
             return !node.is_string() || parse_number(node.value_or(std::string()), ignored);
           });
  }

  void use_input(const toml::table& keys) {
    const bool plain = std::all_of(keys.begin(), keys.end(), [](const auto& entry) {
      return entry.first == "columns" || entry.first == "shape" || entry.first == "units";
    });
    const Kind kind = plain                               ? &Uses::inputs
                      : has_number(keys, "missing_texts") ? &Uses::texts
                                                          : &Uses::numbers;
    for (const auto& [key, node] : keys)
      if (key != "shape" && key != "size") use_all(key.str(), node, key == "columns" ? kind : &Uses::texts);
  }

  void use_task(const toml::table& keys) {
    const bool numbers =
        keys["kind"].value_or(std::string_view()) == "regression" && !has_number(keys, "missing");
    for (const auto& [key, node] : keys)
      use_all(key.str(), node,
              numbers && (key == "column" || key == "columns") ? &Uses::numbers : &Uses::texts);
  }

  std::unordered_map<std::string, Uses> uses_;
  std::vector<std::string> names_;  ///< of the key columns
};

}  // namespace

PlanColumns plan_columns(const toml::table& description) { return Plan(description); }

}  // namespace qmtl
