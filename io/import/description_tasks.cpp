// SPDX-License-Identifier: Apache-2.0
#include "io/import/description_tasks.h"

#include <algorithm>

#include "io/import/import_table.h"

namespace qmtl {
namespace {

/// A name, or the number that stands for one.
std::string column_text(const toml::node& node) {
  if (const toml::value<std::int64_t>* number = node.as_integer()) return std::to_string(number->get());
  return node.value_or(std::string());
}

}  // namespace

std::vector<std::string> columns_of_task(const toml::table& keys) {
  std::vector<std::string> columns;
  if (const toml::node* column = keys.get("column")) columns.push_back(column_text(*column));
  if (const toml::array* names = keys["columns"].as_array())
    for (const toml::node& name : *names)
      for (std::string& one : expand_range(column_text(name), "columns")) columns.push_back(std::move(one));
  return columns;
}

std::set<std::string> label_columns(const toml::table& description) {
  std::set<std::string> labels;
  for (const char* section : {"task", "tasks"})
    if (const toml::table* tasks = description[section].as_table())
      for (const auto& [name, keys] : *tasks)
        if (const toml::table* one = keys.as_table())
          for (std::string& column : columns_of_task(*one)) labels.insert(std::move(column));
  return labels;
}

std::optional<toml::table> task_keys(const toml::table& description, const std::string& task) {
  if (const toml::table* keys = description["task"][task].as_table()) return *keys;
  if (const toml::table* each = description["tasks"]["each"].as_table()) {
    const std::string prefix = (*each)["prefix"].value_or(std::string());
    for (const std::string& column : columns_of_task(*each)) {
      if (prefix + column != task) continue;
      toml::table keys = *each;
      keys.erase("columns");
      keys.erase("prefix");
      keys.insert_or_assign("column", column);
      if (keys["kind"].value_or(std::string()) != "regression") keys.insert_or_assign("allow_absent", true);
      return keys;
    }
  }
  if (const toml::table* one_vs_rest = description["tasks"]["one_vs_rest"].as_table()) {
    const std::vector<std::string> column = columns_of_task(*one_vs_rest);
    if (column.size() != 1) return std::nullopt;
    const std::string prefix = (*one_vs_rest)["prefix"].value_or(column[0]);
    if (!task.starts_with(prefix)) return std::nullopt;
    toml::table keys = *one_vs_rest;
    keys.erase("prefix");
    keys.insert_or_assign("kind", "binary");
    keys.insert_or_assign("column", column[0]);
    keys.insert_or_assign("positive", toml::array{task.substr(prefix.size())});
    keys.insert_or_assign("allow_absent", true);
    return keys;
  }
  return std::nullopt;
}

}  // namespace qmtl
