// SPDX-License-Identifier: Apache-2.0
#include "io/config/toml_tools.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "runtime/base/error.h"
#include "runtime/base/nearest.h"
#include "runtime/base/text.h"

namespace qmtl {
namespace {

std::string located(const toml::source_region& region, const std::string& file) {
  // An override is one line, named by its own text.
  return region.begin.line == 0 || file.starts_with("--set ")
             ? file
             : file + ":" + std::to_string(region.begin.line);
}

}  // namespace

std::string where(const toml::node& node, const std::string& file) { return located(node.source(), file); }
std::string where(const toml::key& key, const std::string& file) { return located(key.source(), file); }

namespace {

/// Parts of a dotted key. The parser makes a table of each, and visits and frees tables by recursion: a key
/// of many thousand parts would end the program.
constexpr int most_parts = 16;

/// Behind the string that begins at `at`, or at the end of its line where it does not end there.
std::size_t behind_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string three(3, quote);
  const bool several_lines = text.substr(at, 3) == three;
  for (std::size_t i = at + (several_lines ? 3 : 1); i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\')
      ++i;
    else if (several_lines ? text.substr(i, 3) == three : text[i] == quote)
      return i + (several_lines ? 3 : 1);
    else if (!several_lines && text[i] == '\n')
      return i;
  }
  return text.size();
}

void check_keys(std::string_view text, const std::string& file) {
  int line = 1, dots = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      const std::size_t end = behind_string(text, i);
      line += static_cast<int>(std::count(text.begin() + static_cast<std::ptrdiff_t>(i),
                                          text.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
      i = end - 1;
    } else if (c == '#') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (c == '.') {
      if (++dots >= most_parts)
        throw usage_error(file + ":" + std::to_string(line) + ": expected keys of at most " +
                          std::to_string(most_parts) + " parts, found more; names with points need quotes");
    } else if (std::string_view("\n=,[]{}").find(c) != std::string_view::npos) {
      dots = 0;
      line += c == '\n';
    }
  }
}

}  // namespace

toml::table parse_toml(std::string_view text, const std::string& file) {
  check_keys(text, file);
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    throw usage_error((file.starts_with("--set ")
                           ? file
                           : file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column)) +
                      ": this is not valid TOML: " + std::string(error.description()));
  }
}

std::string describe(const toml::node& node) {
  if (const auto* value = node.as_string()) return "the string " + toml_string(value->get());
  if (const auto* value = node.as_integer()) return "the integer " + std::to_string(value->get());
  if (const auto* value = node.as_floating_point()) return "the number " + written_double(value->get());
  if (const auto* value = node.as_boolean()) return value->get() ? "true" : "false";
  if (node.is_array()) return "an array";
  if (node.is_table()) return "a table";
  return "a date or time";
}

void wrong_value(const toml::node& node, const std::string& file, const std::string& key,
                 const std::string& expected) {
  throw usage_error(where(node, file) + ": " + key + ": expected " + expected + ", found " + describe(node));
}

void unknown_key(const toml::key& key, const std::string& file, const std::string& full_name,
                 const std::vector<std::string>& known, const std::string& elsewhere) {
  const std::string beside = nearest(full_name, known);
  // A letter away from a key of its own table it is a slip, whatever another table calls so.
  const bool slip = !beside.empty() && beside != elsewhere && edit_distance(full_name, beside) <= 1;
  const std::string meant = slip ? "" : elsewhere;
  const std::string suggestion = meant.empty() ? beside : meant;
  throw usage_error(
      where(key, file) + ": unknown key " + full_name +
      (suggestion.empty() ? "; no keys are expected here" : "; the nearest known key is " + suggestion) +
      (meant.empty() ? "" : " (qmtl keys " + meant + " says what it does)"));
}

std::vector<Entry> in_file_order(const toml::table& table) {
  std::vector<Entry> entries;
  for (const auto& [key, node] : table) entries.push_back({&key, &node});
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    const auto& left = a.key->source().begin;
    const auto& right = b.key->source().begin;
    return std::pair(left.line, left.column) < std::pair(right.line, right.column);
  });
  return entries;
}

std::string toml_string(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr std::string_view digits = "0123456789ABCDEF";
      result += "\\u00";
      result += digits[byte >> 4];
      result += digits[byte & 15];
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string written_key(std::string_view key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return bare ? std::string(key) : toml_string(key);
}

std::string written_value(const toml::node& node) {
  if (const auto* number = node.as_floating_point()) return written_double(number->get());
  if (const auto* text = node.as_string()) return toml_string(text->get());
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  return out.str();
}

std::string written_double(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const std::string text = shortest(value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

const toml::node* TableReader::find(const std::string& key) {
  known_.insert(key);
  return table_.get(key);
}

const toml::node& TableReader::need(const std::string& key) {
  const toml::node* node = find(key);
  if (!node) throw usage_error(where(table_, file_) + ": expected a key " + full(key) + ", found none");
  return *node;
}

std::string TableReader::string(const std::string& key) {
  const toml::node& node = need(key);
  if (!node.is_string()) wrong_value(node, file_, full(key), "a string");
  return node.as_string()->get();
}

std::string TableReader::string(const std::string& key, const std::string& otherwise) {
  return find(key) ? string(key) : otherwise;
}

bool TableReader::boolean(const std::string& key, bool otherwise) {
  const toml::node* node = find(key);
  if (!node) return otherwise;
  if (!node->is_boolean()) wrong_value(*node, file_, full(key), "true or false");
  return node->as_boolean()->get();
}

std::int64_t TableReader::integer(const std::string& key, std::int64_t otherwise) {
  const toml::node* node = find(key);
  if (!node) return otherwise;
  if (!node->is_integer()) wrong_value(*node, file_, full(key), "an integer");
  return node->as_integer()->get();
}

std::vector<std::string> TableReader::texts(const std::string& key) {
  const toml::node* node = find(key);
  if (!node) return {};
  if (!node->is_array()) wrong_value(*node, file_, full(key), "an array of strings");
  std::vector<std::string> values;
  for (const toml::node& element : *node->as_array()) {
    if (const auto* value = element.as_string())
      values.push_back(value->get());
    else if (const auto* integer = element.as_integer())
      values.push_back(std::to_string(integer->get()));
    else
      wrong_value(element, file_, full(key), "a string or an integer");
  }
  return values;
}

std::vector<double> TableReader::numbers(const std::string& key) {
  const toml::node* node = find(key);
  if (!node) return {};
  if (!node->is_array()) wrong_value(*node, file_, full(key), "an array of numbers");
  std::vector<double> values;
  for (const toml::node& element : *node->as_array()) {
    if (!element.is_number()) wrong_value(element, file_, full(key), "a number");
    values.push_back(*element.value<double>());
  }
  return values;
}

const toml::table* TableReader::table(const std::string& key) {
  const toml::node* node = find(key);
  if (!node) return nullptr;
  if (!node->is_table()) wrong_value(*node, file_, full(key), "a table");
  return node->as_table();
}

std::vector<std::string> TableReader::overrides(const std::string& key) {
  std::vector<std::string> set;
  if (const toml::table* values = table(key))
    for (const Entry& entry : in_file_order(*values))
      set.push_back(std::string(entry.key->str()) + "=" + written_value(*entry.node));
  return set;
}

void TableReader::expect_only(std::initializer_list<const char*> keys) {
  known_.insert(keys.begin(), keys.end());
  finish();
}

void TableReader::finish() const {
  std::vector<std::string> known;
  for (const std::string& key : known_) known.push_back(full(key));
  for (const Entry& entry : in_file_order(table_))
    if (!known_.contains(std::string(entry.key->str())))
      unknown_key(*entry.key, file_, full(std::string(entry.key->str())), known);
}

}  // namespace qmtl
