// SPDX-License-Identifier: Apache-2.0
#include "io/import/import_keys.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <optional>
#include <sstream>

#include "io/import/input_values.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// The optional key `shape` of an input whose columns are an image: [H, W] or [C, H, W].
void read_shape(TableReader& reader, Input& input) {
  const toml::node* node = reader.find("shape");
  if (!node) return;
  const std::string expected =
      "whole numbers above 0 whose product is the number of columns, " + std::to_string(input.width);
  std::vector<std::size_t> shape;
  double product = 1;
  for (double extent : reader.numbers("shape")) {
    if (!(extent >= 1) || extent > static_cast<double>(input.width) || extent != std::floor(extent))
      wrong_value(*node, reader.file(), reader.full("shape"), expected);
    shape.push_back(static_cast<std::size_t>(extent));
    product *= extent;
  }
  if (product != static_cast<double>(input.width))
    wrong_value(*node, reader.file(), reader.full("shape"), expected);
  input.shape = std::move(shape);
}

/// Files keep their names; where they lay is nothing to those who read the description.
void take_folder_off(toml::table& keys, std::string_view key) {
  if (const auto path = keys[key].value<std::string>())
    keys.insert_or_assign(key, std::filesystem::path(*path).lexically_normal().filename().string());
}

/// Classes as the import found them; another table need not have all.
void list_classes(toml::table& keys, const Task& task) {
  if (task.kind == TaskKind::regression) return;
  keys.insert_or_assign("allow_absent", true);
  if (task.kind != TaskKind::multiclass || keys.contains("classes")) return;
  toml::array classes;
  for (const std::string& name : task.class_names) classes.push_back(name);
  keys.insert_or_assign("classes", std::move(classes));
}

}  // namespace

/// The keys that say how the table is written.
CsvDialect dialect_of(TableReader& root) {
  CsvDialect dialect;
  const auto wrong = [&](const char* key, const std::string& expected) {
    wrong_value(*root.find(key), root.file(), root.full(key), expected);
  };
  const std::string delimiter = root.string("delimiter", ",");
  dialect.whitespace = delimiter == "whitespace";
  if (!dialect.whitespace &&
      (delimiter.size() != 1 || delimiter == "\"" || delimiter == "\n" || delimiter == "\r"))
    wrong("delimiter", "one character, for example \",\" or \"\\t\", or \"whitespace\"");
  dialect.delimiter = delimiter[0];
  NumberFormat& numbers = dialect.numbers;
  const auto sign = [&](const char* key, const std::string& otherwise) {
    const std::string text = root.string(key, otherwise);
    const bool digit = std::any_of(text.begin(), text.end(), [](unsigned char c) {
      return std::isalnum(c) || c == '-' || c == '+' || c == '"' || c == '\n';
    });
    if (text.size() > 4 || digit || (text.empty() && root.find(key)))
      wrong(key, "one character such as \",\" or \".\"");
    return text;
  };
  numbers.decimal = sign("decimal", ".");
  numbers.thousands = sign("thousands", "");
  if (numbers.decimal == numbers.thousands) wrong("thousands", "another character than decimal");
  dialect.comment = root.string("comment", "");
  if (root.find("comment") &&
      (dialect.comment.empty() || dialect.comment[0] == '"' || dialect.comment == delimiter))
    wrong("comment", "the text that begins a comment, such as \"#\"");
  dialect.encoding = root.string("encoding", "");
  dialect.header = !root.find("header")           ? CsvHeader::assumed
                   : root.boolean("header", true) ? CsvHeader::yes
                                                  : CsvHeader::no;
  return dialect;
}

/// One [input.<name>]: columns of the table, an array or pictures.
Input import_input(const std::string& name, TableReader& reader, InputSource source,
                   const SampleCount& count) {
  // Before any file is looked at: a misspelt key should not show as a puzzling value.
  if (reader.find("images")) {
    reader.expect_only({"images", "column", "size", "grey"});
    return import_images(name, reader, source.table, source.columns, source.report);
  }
  Input input;
  if (reader.find("file")) {
    reader.expect_only({"file", "dataset", "external_folders", "shape"});
    std::optional<ArrayFile> own;
    const ArrayFile& array = source.array ? *source.array : own.emplace(read_input_array(reader));
    input = import_array(name, array, count, source.table.origin, source.report, source.known);
  } else {
    input = import_column_input(name, reader, source);
  }
  read_shape(reader, input);
  if (input.shape.size() > 1) take_shift_back(input);
  return input;
}

std::string resolved_description(toml::table keys, bool header, const Dataset& data) {
  for (const char* key : {"title", "source", "licence", "rows", "split", "join"}) keys.erase(key);
  if (keys.contains("file")) keys.insert_or_assign("header", header);
  take_folder_off(keys, "file");
  for (const char* section : {"input", "column"})
    if (toml::table* tables = keys[section].as_table())
      for (auto&& [name, node] : *tables)
        if (toml::table* one = node.as_table()) {
          take_folder_off(*one, "file");
          take_folder_off(*one, "images");
          one->erase("external_folders");
        }
  for (const Task& task : data.tasks)
    if (toml::table* one = keys["task"][task.name].as_table()) list_classes(*one, task);
  std::ostringstream text;
  text << keys << "\n";
  return text.str();
}

}  // namespace qmtl
