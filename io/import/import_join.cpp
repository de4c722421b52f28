// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "io/import/import_files.h"
#include "io/import/import_keys.h"
#include "io/import/import_table.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// The key: one name for both tables, or [here, there].
std::pair<std::string, std::string> key_names(TableReader& reader) {
  const toml::node& node = reader.need("key");
  if (node.is_string()) return {reader.string("key"), reader.string("key")};
  const std::vector<std::string> names = reader.texts("key");
  if (names.size() != 2)
    wrong_value(node, reader.file(), reader.full("key"),
                "the name of a column of both tables, or [here, there]");
  return {names[0], names[1]};
}

/// The row of each key; a key of two rows is no key.
std::unordered_map<std::string_view, std::size_t> rows_by_key(const CsvTable& table, std::size_t column) {
  std::unordered_map<std::string_view, std::size_t> rows;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (table.is_missing(row, column)) continue;
    const auto [first, fresh] = rows.emplace(table.cell(row, column), row);
    if (!fresh)
      throw data_error(table.where(row, column) + ": expected each key once, found \"" +
                       shown(table.cell(row, column)) + "\" again, as in line " +
                       std::to_string(table.lines[first->second]) +
                       "; which row is meant? Leave one of them in the table");
  }
  return rows;
}

}  // namespace

std::vector<AddedColumn> import_join(TableReader& reader, const CsvTable& table, const Columns& columns,
                                     ImportReport& report) {
  reader.need("file");
  reader.expect_only({"file", "key", "columns", "prefix", "unmatched", "delimiter", "decimal", "thousands",
                      "comment", "encoding", "header"});
  const auto [here, there] = key_names(reader);
  const std::string at = where(reader.need("key"), reader.file()) + ": " + reader.full("key");
  const std::string unmatched = reader.string("unmatched", "refuse");
  if (unmatched != "refuse" && unmatched != "missing")
    wrong_value(*reader.find("unmatched"), reader.file(), reader.full("unmatched"),
                "\"refuse\" or \"missing\"");
  CsvTable other = read_csv(path_beside(reader.file(), reader.string("file")), dialect_of(reader), report);
  const Columns others(other, {}, reader.file());
  const std::size_t own_key = columns.one(here, at), key = others.one(there, at);
  const auto rows = rows_by_key(other, key);

  std::vector<std::size_t> taken;
  if (const toml::node* node = reader.find("columns")) {
    taken = others.many(reader.texts("columns"), where(*node, reader.file()) + ": " + reader.full("columns"));
  } else {
    for (std::size_t column = 0; column < other.columns; ++column)
      if (column != key) taken.push_back(column);
  }
  std::vector<AddedColumn> added;
  for (std::size_t column : taken)
    added.push_back(
        {reader.string("prefix", "") + other.column_name(column), other.file, {}, {}, other.numbers});
  std::size_t alone = 0;
  std::set<std::size_t> used;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto found = table.is_missing(row, own_key) ? rows.end() : rows.find(table.cell(row, own_key));
    if (found == rows.end() && unmatched == "refuse")
      throw data_error(table.where(row, own_key) + ": expected a key of " + other.file + ", found " +
                       (table.cell(row, own_key).empty() ? "an empty cell"
                                                         : "\"" + shown(table.cell(row, own_key)) + "\"") +
                       "; " + reader.full("unmatched") + " = \"missing\" leaves its cells empty");
    alone += found == rows.end();
    if (found != rows.end()) used.insert(found->second);
    for (std::size_t i = 0; i < taken.size(); ++i)
      added[i].cells.emplace_back(found == rows.end() ? std::string_view()
                                                      : other.cell(found->second, taken[i]));
  }
  if (used.empty())
    throw data_error(at + ": expected keys that both tables have, found none of the " +
                     std::to_string(rows.size()) + " of " + other.file + "; is another column the key?");
  report.notes.push_back(other.file + ": " + std::to_string(table.rows() - alone) +
                         " rows have a partner by " + shown(there) + ", " + std::to_string(alone) +
                         " have none; " + std::to_string(other.rows() - used.size()) +
                         " of its rows are not used");
  return added;
}

}  // namespace qmtl
