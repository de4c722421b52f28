// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/config/toml_tools.h"
#include "io/sources/csv.h"
#include "io/sources/import_report.h"
#include "runtime/model/data.h"

namespace qmtl {

/// Columns of a CSV table by what a description calls them.
class Columns {
 public:
  /// Takes the header's names, or the description's `columns` (ranges allowed) for a table without header.
  Columns(CsvTable& table, const std::vector<std::string>& names, const std::string& description);

  /// Learns the names of columns that were added to the table.
  void added();

  /// One column by name, or by number from 1. `at` names file, line and key for the error. Throws Error
  /// (data) for a name that two columns have.
  std::size_t one(const std::string& name, const std::string& at) const;
  /// What a description may call a column: its name, or its number from 1 where it has none of its own.
  std::string name(std::size_t column) const;
  /// Columns of a list whose entries may be ranges: "p0..p63", "1..64".
  std::vector<std::size_t> many(const std::vector<std::string>& names, const std::string& at) const;

 private:
  const CsvTable& table_;
  std::unordered_map<std::string, std::size_t> places_;  ///< of each name the first
  std::set<std::string> doubled_;                        ///< names of several columns
  std::size_t known_ = 0;                                ///< columns whose names are in there
};

/// "p0..p3" -> p0 p1 p2 p3; anything else is itself.
std::vector<std::string> expand_range(const std::string& text, const std::string& at);

/// The finite number in a cell. Throws Error (data) naming file, line, column and the text found.
double number_at(const CsvTable& table, std::size_t row, std::size_t column);
/// The same cut to float32, where it must be finite too.
float float_at(const CsvTable& table, std::size_t row, std::size_t column);

/// The column that the key `column` of `reader` names.
std::size_t named_column(TableReader& reader, const Columns& columns, const std::string& key = "column");

/// Reads one [task.<name>] table; `reader` is positioned on it.
Task import_task(const std::string& name, TableReader& reader, const CsvTable& table, const Columns& columns,
                 ImportReport& report);

/// One binary task per value of a column, named prefix + value.
std::vector<Task> import_one_vs_rest(TableReader& reader, const CsvTable& table, const Columns& columns,
                                     ImportReport& report);

/// One [join.<name>]: the columns of another table, found for each row by a key.
std::vector<AddedColumn> import_join(TableReader& reader, const CsvTable& table, const Columns& columns,
                                     ImportReport& report);

/// The [rows] table: `keep` and `drop` (columns with listed values), `drop_missing` (columns). Takes rows out
/// of the table; the report says how many.
void filter_rows(TableReader& reader, CsvTable& table, const Columns& columns, ImportReport& report);

/// Groups of rows by the texts of a column, numbered in the order of their first row. Throws Error (data) for
/// a missing one.
std::vector<std::int32_t> number_groups(const CsvTable& table, std::size_t column);

/// The [split] table; with `groups` the rows of each stay together. Fractions order the rows of each stratum
/// by SHA-256 of "seed:row" (row from 0), so a split depends on nothing but the seed and the rows' places.
std::vector<std::uint8_t> import_split(TableReader& reader, const CsvTable& table, const Columns& columns,
                                       const std::vector<std::int32_t>& groups, ImportReport& report);

}  // namespace qmtl
