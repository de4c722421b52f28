// SPDX-License-Identifier: Apache-2.0
#include "io/data/import_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

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
    if (table.header.size() != table.columns)
      throw usage_error(description + ": columns names " + std::to_string(table.header.size()) +
                        " columns, but " + table.file + " has " + std::to_string(table.columns));
  }
  std::set<std::string> seen;
  for (const std::string& name : table.header)
    if (!seen.insert(name).second) throw data_error(table.file + ": two columns are named \"" + name + "\"");
}

std::size_t Columns::one(const std::string& name, const std::string& at) const {
  const auto found = std::find(table_.header.begin(), table_.header.end(), name);
  if (found != table_.header.end()) return static_cast<std::size_t>(found - table_.header.begin());
  std::size_t number = 0;
  if (is_number_text(name) &&
      std::from_chars(name.data(), name.data() + name.size(), number).ec == std::errc{} && number >= 1 &&
      number <= table_.columns)
    return number - 1;
  const std::string suggestion = nearest(name, table_.header);
  throw usage_error(at + ": " + table_.file + " has no column \"" + name + "\"; expected " +
                    (suggestion.empty() ? "" : "a name (the nearest is \"" + suggestion + "\") or ") +
                    "a number from 1 to " + std::to_string(table_.columns));
}

std::vector<std::size_t> Columns::many(const std::vector<std::string>& names, const std::string& at) const {
  std::vector<std::size_t> found;
  for (const std::string& name : names) {
    // A column whose name looks like a range is itself.
    if (std::find(table_.header.begin(), table_.header.end(), name) != table_.header.end())
      found.push_back(one(name, at));
    else
      for (const std::string& member : expand_range(name, at)) found.push_back(one(member, at));
  }
  if (found.empty()) throw usage_error(at + ": expected at least one column, found none");
  return found;
}

bool same_value(std::string_view cell, const std::string& value) {
  if (cell == value) return true;
  double left = 0, right = 0;
  return parse_number(cell, left) && parse_number(value, right) && left == right;
}

std::vector<std::string> distinct_values(const CsvTable& table, std::size_t column,
                                         const std::vector<std::string>& missing) {
  std::set<std::string> texts;
  for (std::size_t row = 0; row < table.rows(); ++row) texts.emplace(table.cell(row, column));
  for (const std::string& text : missing) texts.erase(text);
  std::vector<std::string> values(texts.begin(), texts.end());
  double ignored = 0;
  const auto numeric = [&](const std::string& text) {
    return parse_number(text, ignored) && std::isfinite(ignored);
  };
  if (!std::all_of(values.begin(), values.end(), numeric)) return values;
  const auto value = [](const std::string& text) {
    double parsed = 0;
    parse_number(text, parsed);
    return parsed;
  };
  std::stable_sort(values.begin(), values.end(),
                   [&](const auto& a, const auto& b) { return value(a) < value(b); });
  const auto equal = [&](const auto& a, const auto& b) { return value(a) == value(b); };
  values.erase(std::unique(values.begin(), values.end(), equal), values.end());
  return values;
}

float number_at(const CsvTable& table, std::size_t row, std::size_t column) {
  double value = 0;
  const std::string_view text = table.cell(row, column);
  const bool numeric = parse_number(text, value);
  const auto narrowed = static_cast<float>(value);
  if (!numeric || !std::isfinite(narrowed))
    throw data_error(table.where(row, column) + ": expected a finite number, found " +
                     (text.empty() ? "an empty cell" : "\"" + std::string(text) + "\""));
  return narrowed;
}

}  // namespace qmtl
