// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qmtl {

/// "file:12": where a node of a parsed text stands. `file` is used where the parser kept no line.
std::string where(const toml::node& node, const std::string& file);
std::string where(const toml::key& key, const std::string& file);

/// Parses TOML. Throws Error (usage) with "file:line:column: reason".
toml::table parse_toml(std::string_view text, const std::string& file);

/// What a value is, in words: "the string \"abc\"", "the integer 3", "an array".
std::string describe(const toml::node& node);

/// Throws Error (usage): "file:line: key: expected ..., found ...".
[[noreturn]] void wrong_value(const toml::node& node, const std::string& file, const std::string& key,
                              const std::string& expected);

/// Throws Error (usage) for a key that is not known, with the nearest known one, or with `elsewhere` where that
/// is what other programs call so.
[[noreturn]] void unknown_key(const toml::key& key, const std::string& file, const std::string& full_name,
                              const std::vector<std::string>& known, const std::string& elsewhere = {});

/// Entries of a table in the order of the file (the parser keeps them sorted by name).
struct Entry {
  const toml::key* key;
  const toml::node* node;
};
std::vector<Entry> in_file_order(const toml::table& table);

/// A TOML string literal / a bare or quoted key.
std::string toml_string(std::string_view text);
std::string written_key(std::string_view key);

/// Shortest text that reads back as the same double, always a TOML float.
std::string written_double(double value);

/// A value as TOML text.
std::string written_value(const toml::node& node);

/// Reads a table key by key, and in the end complains about the keys nobody asked for.
class TableReader {
 public:
  /// `prefix` is the table's full name ("split"), "" for the root.
  TableReader(const toml::table& table, std::string file, std::string prefix)
      : table_(table), file_(std::move(file)), prefix_(std::move(prefix)) {}

  /// The node of that key, or null. Marks the key as known.
  const toml::node* find(const std::string& key);
  /// As find, but its absence is an error.
  const toml::node& need(const std::string& key);

  std::string string(const std::string& key);
  std::string string(const std::string& key, const std::string& otherwise);
  bool boolean(const std::string& key, bool otherwise);
  std::int64_t integer(const std::string& key, std::int64_t otherwise);
  /// An array of strings; numbers in it are taken as their text.
  std::vector<std::string> texts(const std::string& key);
  std::vector<double> numbers(const std::string& key);
  const toml::table* table(const std::string& key);
  /// A table of configuration keys as overrides, "key=value"; nothing without it.
  std::vector<std::string> overrides(const std::string& key);

  std::string full(const std::string& key) const { return prefix_.empty() ? key : prefix_ + "." + key; }
  const std::string& file() const { return file_; }
  /// Throws for the first key, in file order, that is neither listed nor was asked for.
  void expect_only(std::initializer_list<const char*> keys);
  /// As expect_only, without further keys.
  void finish() const;

 private:
  const toml::table& table_;
  std::string file_, prefix_;
  std::set<std::string> known_;
};

}  // namespace qmtl
