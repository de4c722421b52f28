// SPDX-License-Identifier: Apache-2.0
#include "io/import/values.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <unordered_map>

#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"
#include "runtime/base/nearest.h"

namespace qmtl {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(c < 0x80 ? std::tolower(c) : c); });
  return result;
}

std::string listing(const std::vector<Listed>& listed) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(listed.size(), 12); ++i)
    text += (i ? ", " : "") + shown(listed[i].text);
  return text + (listed.size() > 12 ? ", ..." : "");
}

}  // namespace

bool means_missing(std::string_view text) {
  static constexpr std::array<std::string_view, 16> words{"na",   "n/a", "n.a.",    "#n/a", "#na", "<na>",
                                                          "null", "nil", "none",    "nan",  "?",   "-",
                                                          "--",   ".",   "missing", "nat"};
  return std::find(words.begin(), words.end(), lower(text)) != words.end();
}

std::string column_place(const CsvTable& table, std::size_t column) {
  return (column < table.columns - table.sources.size() ? table.file + ", column " : "column ") +
         table.column_name(column);
}

ColumnValues column_values(const CsvTable& table, std::size_t column,
                           const std::vector<std::string>& missing) {
  ColumnValues values;
  values.place = column_place(table, column);
  values.of_row.reserve(table.rows());
  std::unordered_map<std::string_view, std::int32_t> seen;
  for (const std::string& text : missing) seen.emplace(text, -1);
  // A text that stands in many cells is looked up once.
  constexpr std::int32_t unknown = -2;
  const TableColumn& kept = table.data[column];
  std::vector<std::int32_t> of_code(kept.texts.size(), unknown);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    std::int32_t& value = of_code[kept.codes[row]];
    if (value == unknown) {
      const std::string_view cell = table.cell(row, column);
      const bool none = is_always_missing(cell);
      const auto [found, fresh] =
          seen.emplace(cell, none ? -1 : static_cast<std::int32_t>(values.texts.size()));
      value = found->second;
      if (fresh && !none) {
        values.texts.emplace_back(cell);
        values.counts.push_back(0);
        values.first_row.push_back(row);
      }
    }
    values.of_row.push_back(value);
    if (value < 0)
      ++values.missing;
    else
      ++values.counts[static_cast<std::size_t>(value)];
  }
  return values;
}

bool are_numbers(const ColumnValues& values, const CsvTable& table, std::size_t column) {
  return std::all_of(values.texts.begin(), values.texts.end(), [&](const std::string& text) {
    double value = 0;
    return table.number(text, column, value) && std::isfinite(value);
  });
}

std::vector<std::string> sorted_values(const ColumnValues& values, const CsvTable& table,
                                       std::size_t column) {
  std::vector<std::string> texts = values.texts;
  std::sort(texts.begin(), texts.end());
  if (!are_numbers(values, table, column)) return texts;
  const auto value = [&](const std::string& text) {
    double parsed = 0;
    table.number(text, column, parsed);
    return parsed;
  };
  std::stable_sort(texts.begin(), texts.end(),
                   [&](const auto& a, const auto& b) { return value(a) < value(b); });
  return texts;
}

std::vector<Listed> listed_values(TableReader& reader, const std::string& key) {
  std::vector<Listed> listed;
  const std::vector<std::string> texts = reader.texts(key);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (const Listed& other : listed)
      if (other.text == texts[i])
        wrong_value(*reader.find(key), reader.file(), reader.full(key),
                    "each value once (\"" + texts[i] + "\" is there twice)");
    listed.push_back({texts[i], (*reader.find(key)->as_array())[i].is_integer()});
  }
  return listed;
}

std::vector<int> match_values(const ColumnValues& values, const std::vector<Listed>& listed, bool absent,
                              const std::string& at, ImportReport& report) {
  std::vector<int> match(values.texts.size(), -1);
  std::unordered_map<std::string_view, std::size_t> by_text;
  std::unordered_map<std::string, std::vector<std::size_t>> by_number;
  for (std::size_t i = 0; i < values.texts.size(); ++i) {
    by_text.emplace(values.texts[i], i);
    if (const std::string number = canonical_number(values.texts[i]); !number.empty())
      by_number[number].push_back(i);
  }
  // Texts first: "1.0" may be listed beside 1.
  std::vector<bool> occurs(listed.size(), false);
  for (std::size_t v = 0; v < listed.size(); ++v)
    if (const auto found = by_text.find(listed[v].text); found != by_text.end()) {
      match[found->second] = static_cast<int>(v);
      occurs[v] = true;
    }
  for (std::size_t v = 0; v < listed.size(); ++v) {
    const auto found = by_number.find(canonical_number(listed[v].text));
    std::vector<std::size_t> ways;
    if (found != by_number.end())
      for (std::size_t i : found->second)
        if (match[i] < 0) ways.push_back(i);
    const bool one_way = !occurs[v] && ways.size() == 1;
    if (one_way && !listed[v].number)
      report.guess(
          at, "\"" + shown(listed[v].text) + "\" is taken as the column's \"" + values.texts[ways[0]] + "\"",
          "the text as the column writes it");
    if (one_way || listed[v].number)
      for (std::size_t i : ways) {
        match[i] = static_cast<int>(v);
        occurs[v] = true;
      }
  }
  for (std::size_t v = 0; v < listed.size(); ++v)
    if (!occurs[v] && !absent) {
      const std::string near = nearest(listed[v].text, values.texts, likely_slips(listed[v].text));
      throw data_error(at + ": the value \"" + shown(listed[v].text) + "\" never occurs; " + values.place +
                       " has " + found_values(values) +
                       (near.empty() ? "" : "; did you mean \"" + shown(near) + "\"?") +
                       " (allow_absent = true takes a table that lacks it)");
    }
  return match;
}

void refuse_unknown(const ColumnValues& values, const std::vector<int>& match,
                    const std::vector<Listed>& listed, const CsvTable& table, std::size_t column) {
  const auto unknown = std::find(match.begin(), match.end(), -1);
  if (unknown == match.end()) return;
  const auto i = static_cast<std::size_t>(unknown - match.begin());
  const bool other_pair = values.texts.size() == 2 && std::count(match.begin(), match.end(), -1) == 2;
  throw data_error(table.where(values.first_row[i], column) + ": expected one of " + listing(listed) +
                   ", found \"" + shown(values.texts[i]) + "\"; the column has " + found_values(values) +
                   (other_pair
                        ? "; say which is which with classes = [negative, positive]"
                        : "; list texts that mean \"no label\" under missing, all others under classes"));
}

std::string found_values(const ColumnValues& values) {
  std::vector<std::size_t> order(values.texts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values.counts[a] > values.counts[b]; });
  if (order.empty()) return "no values at all";
  std::string text = std::to_string(order.size()) + (order.size() == 1 ? " value: " : " different values: ");
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), 12); ++i)
    text += (i ? ", " : "") + shown(values.texts[order[i]]) + " (" + std::to_string(values.counts[order[i]]) +
            ")";
  return text + (order.size() > 12 ? ", ..." : "");
}

void doubt_values(const ColumnValues& values, const std::vector<int>& match, const std::string& key,
                  ImportReport& report) {
  for (std::size_t i = 0; i < values.texts.size(); ++i)
    if (match[i] < 0 && means_missing(values.texts[i]))
      report.guess(
          values.place,
          "\"" + values.texts[i] + "\" (" + std::to_string(values.counts[i]) +
              " times) is taken as a value, not as \"no label\"",
          "missing = [\"" + values.texts[i] + "\"] if it means \"no label\", else list it under " + key);
  const auto doubt_alike = [&](auto form, const char* how) {
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < values.texts.size(); ++i) {
      const std::string same = form(values.texts[i]);
      if (same.empty()) continue;
      const auto [first, fresh] = seen.emplace(same, i);
      if (!fresh && (match[i] < 0 || match[first->second] < 0))
        report.guess(values.place,
                     "\"" + shown(values.texts[first->second]) + "\" and \"" + shown(values.texts[i]) +
                         "\" differ only in " + how + " and are taken as two values",
                     "list both under " + key + ", or make them alike in the table");
    }
  };
  doubt_alike(
      [](const std::string& text) {
        std::string form = lower(text);
        form.erase(std::remove_if(form.begin(), form.end(), [](unsigned char c) { return std::isspace(c); }),
                   form.end());
        return form;
      },
      "case or blanks");
  doubt_alike([](const std::string& text) { return canonical_number(text); }, "how they write one number");
}

}  // namespace qmtl
