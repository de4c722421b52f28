// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "io/data/split.h"
#include "io/import/import_table.h"
#include "io/import/values.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

constexpr const char* part_names[] = {"train", "validation", "test"};

std::vector<std::uint8_t> split_by_column(const CsvTable& table, std::size_t column, const std::string& at,
                                          ImportReport& report) {
  static const std::vector<Listed> parts{{"train", false}, {"validation", false}, {"test", false},
                                         {"0", true},      {"1", true},           {"2", true}};
  const ColumnValues values = column_values(table, column, {});
  const std::vector<int> match = match_values(values, parts, true, at, report);
  refuse_unknown(values, match, parts, table, column);
  std::vector<std::uint8_t> split;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (values.of_row[row] < 0)
      throw data_error(table.where(row, column) +
                       ": expected train, validation or test (or 0, 1, 2), found \"" +
                       std::string(table.cell(row, column)) + "\"");
    split.push_back(static_cast<std::uint8_t>(match[static_cast<std::size_t>(values.of_row[row])] % 3));
  }
  return split;
}

/// Rows of like numbers: as many ranges of equally many rows, equal numbers in one.
std::map<std::string, std::vector<std::size_t>> binned(const CsvTable& table, std::size_t column,
                                                       std::size_t bins) {
  std::vector<std::pair<double, std::size_t>> order;
  std::map<std::string, std::vector<std::size_t>> strata;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (table.is_missing(row, column))
      strata[""].push_back(row);
    else
      order.emplace_back(number_at(table, row, column), row);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::size_t> bin(table.rows());
  for (std::size_t i = 0; i < order.size(); ++i) {
    bin[i] = i > 0 && order[i].first == order[i - 1].first ? bin[i - 1] : i * bins / order.size();
    strata[std::to_string(bin[i])].push_back(order[i].second);
  }
  for (auto& [name, rows] : strata) std::sort(rows.begin(), rows.end());
  return strata;
}

/// Strata of so few rows that rounding leaves a part empty, or nearly, cannot be split as told.
void check_shares(const std::vector<std::uint8_t>& split, const std::vector<double>& fractions,
                  std::size_t strata, const std::string& at, const CsvTable& table, std::size_t column) {
  for (std::size_t part = 0; part < fractions.size(); ++part) {
    const auto rows = static_cast<double>(std::count(split.begin(), split.end(), part));
    const double meant = fractions[part] * static_cast<double>(split.size());
    if (meant < 1 || rows > meant / 2) continue;
    throw data_error(
        at + ": expected about " + std::to_string(std::llround(meant)) + " rows for " + part_names[part] +
        ", found " + std::to_string(std::llround(rows)) + ": column " + table.column_name(column) + " has " +
        std::to_string(strata) + " different values in " + std::to_string(split.size()) +
        " rows, too few rows of each to share out; stratify by classes, or say bins = 10 beside it to "
        "stratify by ranges of its numbers");
  }
}

/// Rows that stand for all others of their group: the first of each.
std::vector<std::size_t> first_of_groups(const std::vector<std::int32_t>& groups) {
  std::vector<std::size_t> first;
  for (std::size_t row = 0; row < groups.size(); ++row)
    if (groups[row] == static_cast<std::int32_t>(first.size())) first.push_back(row);
  return first;
}

void doubt_divided_groups(const std::vector<std::uint8_t>& split, const std::vector<std::int32_t>& groups,
                          const std::string& at, ImportReport& report) {
  const std::vector<std::size_t> first = first_of_groups(groups);
  std::vector<bool> divided(first.size(), false);
  for (std::size_t row = 0; row < groups.size(); ++row) {
    const auto group = static_cast<std::size_t>(groups[row]);
    if (split[row] != split[first[group]]) divided[group] = true;
  }
  if (const auto count = std::count(divided.begin(), divided.end(), true); count > 0)
    report.guess(at,
                 std::to_string(count) + " groups have rows in several parts, so that scores are too good",
                 "fractions, which keep groups together");
}

}  // namespace

std::vector<std::int32_t> number_groups(const CsvTable& table, std::size_t column) {
  const ColumnValues values = column_values(table, column, {});
  for (std::size_t row = 0; row < table.rows(); ++row)
    if (values.of_row[row] < 0)
      throw data_error(table.where(row, column) + ": expected the row's group, found an empty cell");
  return values.of_row;
}

std::vector<std::uint8_t> import_split(TableReader& reader, const CsvTable& table, const Columns& columns,
                                       const std::vector<std::int32_t>& groups, ImportReport& report) {
  if (const toml::node* node = reader.find("column")) {
    reader.expect_only({"column"});
    const std::string at = where(*node, reader.file()) + ": " + reader.full("column");
    std::vector<std::uint8_t> split = split_by_column(table, named_column(reader, columns), at, report);
    doubt_divided_groups(split, groups, at, report);
    return split;
  }
  std::vector<std::uint8_t> split(table.rows(), 0);
  const toml::node& node = reader.need("fractions");
  const std::vector<double> fractions = reader.numbers("fractions");
  const std::int64_t seed = reader.integer("seed", 1);
  const std::string at = where(node, reader.file()) + ": " + reader.full("fractions");
  const toml::node* stratify = reader.find("stratify");
  const toml::node* bins_node = reader.find("bins");
  std::map<std::string, std::vector<std::size_t>> strata;
  std::size_t column = 0;
  if (!stratify) {
    if (bins_node) wrong_value(*bins_node, reader.file(), reader.full("bins"), "a key stratify beside it");
    std::vector<std::size_t>& rows = strata[""];
    rows.resize(table.rows());
    std::iota(rows.begin(), rows.end(), std::size_t{0});
  } else if (column = named_column(reader, columns, "stratify"); bins_node) {
    const std::int64_t bins = reader.integer("bins", 0);
    if (bins < 2 || bins > 1000)
      wrong_value(*bins_node, reader.file(), reader.full("bins"), "2 to 1000 ranges");
    strata = binned(table, column, static_cast<std::size_t>(bins));
  } else {
    for (std::size_t row = 0; row < table.rows(); ++row)
      strata[std::string(table.cell(row, column))].push_back(row);
  }
  const std::vector<std::size_t> first = first_of_groups(groups);
  for (auto& [value, rows] : strata) {
    // Of a group its first row alone: where that goes, the others go.
    std::erase_if(rows, [&](std::size_t row) {
      return !groups.empty() && first[static_cast<std::size_t>(groups[row])] != row;
    });
    split_rows(rows, fractions, seed, at, split);
  }
  for (std::size_t row = 0; row < groups.size(); ++row)
    split[row] = split[first[static_cast<std::size_t>(groups[row])]];
  if (stratify && groups.empty())
    check_shares(split, fractions, strata.size(),
                 where(*stratify, reader.file()) + ": " + reader.full("stratify"), table, column);
  return split;
}

}  // namespace qmtl
