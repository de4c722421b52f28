// SPDX-License-Identifier: Apache-2.0
#include "io/import/import_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"
#include "runtime/base/nearest.h"

namespace qmtl {
namespace {

bool is_number_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::vector<std::string> expand_range(const std::string& text, const std::string& at) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos || dots == 0) return {text};
  const std::string first = text.substr(0, dots), last = text.substr(dots + 2);
  const auto split = [](const std::string& name) {
    std::size_t digits = name.size();
    while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9') --digits;
    return digits;
  };
  const std::string prefix = first.substr(0, split(first)), low = first.substr(split(first)),
                    high = last.substr(split(last));
  long from = 0, to = -1;
  const bool numbers = std::from_chars(low.data(), low.data() + low.size(), from).ec == std::errc{} &&
                       std::from_chars(high.data(), high.data() + high.size(), to).ec == std::errc{};
  constexpr long most = 10000000;
  if (!numbers || prefix != last.substr(0, split(last)) || to < from || to - from >= most)
    throw usage_error(at + ": expected a range such as \"p0..p63\", found \"" + text + "\"");
  std::vector<std::string> names;
  for (long i = from; i <= to; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

Columns::Columns(CsvTable& table, const std::vector<std::string>& names, const std::string& description)
    : table_(table) {
  if (!names.empty()) {
    table.header.clear();
    for (const std::string& name : names)
      for (std::string& one_name : expand_range(name, description + ": columns"))
        table.header.push_back(std::move(one_name));
    if (table.header.size() + 1 == table.columns) {
      std::vector<std::string> names_said = std::move(table.header);
      table.header.clear();
      drop_empty_last_column(table);
      table.header = std::move(names_said);
    }
    if (table.header.size() != table.columns)
      throw usage_error(description + ": columns names " + std::to_string(table.header.size()) +
                        " columns, but " + table.file + " has " + std::to_string(table.columns));
  }
  added();
}

void Columns::added() {
  for (; known_ < table_.header.size(); ++known_)
    if (const std::string& name = table_.header[known_]; !places_.emplace(name, known_).second)
      doubled_.insert(name);
  for (const auto& [alias, name] : table_.aliases)
    if (const auto found = places_.find(name); found != places_.end()) places_.emplace(alias, found->second);
}

std::size_t Columns::one(const std::string& name, const std::string& at) const {
  if (doubled_.contains(name))
    throw data_error(at + ": two columns of " + table_.file + " are named \"" + shown(name) +
                     "\"; say the column's number (from 1), or rename one");
  if (const auto found = places_.find(name); found != places_.end()) return found->second;
  std::size_t number = 0;
  if (is_number_text(name) &&
      std::from_chars(name.data(), name.data() + name.size(), number).ec == std::errc{} && number >= 1 &&
      number <= table_.columns)
    return number - 1;
  const std::string suggestion = nearest(name, table_.header);
  if (table_.columns == 1 && table_.header.size() == 1)
    for (const char mark : {',', ';', '\t', '|', ' '})
      if (table_.header[0].find(mark) != std::string::npos)
        throw usage_error(at + ": " + table_.file + " has no column \"" + shown(name) +
                          "\", but a single one named \"" + shown(table_.header[0]) + "\"; say delimiter = " +
                          (mark == '\t'  ? "\"\\t\""
                           : mark == ' ' ? "\"whitespace\""
                                         : "\"" + std::string(1, mark) + "\""));
  throw usage_error(at + ": " + table_.file + " has no column \"" + shown(name) + "\"; expected " +
                    (suggestion.empty() ? "" : "a name (the nearest is \"" + suggestion + "\") or ") +
                    "a number from 1 to " + std::to_string(table_.columns));
}

std::string Columns::name(std::size_t column) const {
  const std::string name = table_.column_name(column);
  return doubled_.contains(name) ? std::to_string(column + 1) : name;
}

std::vector<std::size_t> Columns::many(const std::vector<std::string>& names, const std::string& at) const {
  std::vector<std::size_t> found;
  for (const std::string& name : names) {
    // A column whose name looks like a range is itself.
    if (places_.contains(name))
      found.push_back(one(name, at));
    else
      for (const std::string& member : expand_range(name, at)) found.push_back(one(member, at));
  }
  if (found.empty()) throw usage_error(at + ": expected at least one column, found none");
  return found;
}

double number_at(const CsvTable& table, std::size_t row, std::size_t column) {
  double value = 0;
  if (table.number(row, column, value) && std::isfinite(value)) return value;
  const std::string_view text = table.cell(row, column);
  std::string hint;
  double ignored = 0;
  if (column < table.columns - table.sources.size())
    for (const auto& [format, say] :
         {std::pair{NumberFormat{",", ""}, "decimal = \",\""},
          std::pair{NumberFormat{",", "."}, "decimal = \",\" and thousands = \".\""},
          std::pair{NumberFormat{".", ","}, "thousands = \",\""}})
      if (hint.empty() && parse_number(text, format, ignored))
        hint = std::string("; if it is one, say ") + say;
  throw data_error(table.where(row, column) + ": expected a finite number, found " +
                   (text.empty() ? "an empty cell" : "\"" + shown(text) + "\"") + hint);
}

float float_at(const CsvTable& table, std::size_t row, std::size_t column) {
  const auto narrowed = static_cast<float>(number_at(table, row, column));
  if (!std::isfinite(narrowed))
    throw data_error(table.where(row, column) +
                     ": expected a finite number within single precision, found \"" +
                     shown(table.cell(row, column)) + "\"; divide the column by a power of ten");
  return narrowed;
}

std::size_t named_column(TableReader& reader, const Columns& columns, const std::string& key) {
  const toml::node& node = reader.need(key);
  const std::string name = node.is_integer() ? std::to_string(node.as_integer()->get()) : reader.string(key);
  return columns.one(name, where(node, reader.file()) + ": " + reader.full(key));
}

}  // namespace qmtl
