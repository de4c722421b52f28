// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "io/data/csv.h"
#include "io/config/toml_tools.h"
#include "runtime/model/data.h"

namespace qmtl {

/// Columns of a CSV table by what a description calls them.
class Columns {
 public:
  /// Takes the header's names, or the description's `columns` (ranges allowed) for a table without header.
  Columns(CsvTable& table, const std::vector<std::string>& names, const std::string& description);

  /// One column by name, or by number from 1. `at` names file, line and key for the error.
  std::size_t one(const std::string& name, const std::string& at) const;
  /// Columns of a list whose entries may be ranges: "p0..p63", "1..64".
  std::vector<std::size_t> many(const std::vector<std::string>& names, const std::string& at) const;

 private:
  const CsvTable& table_;
};

/// "p0..p3" -> p0 p1 p2 p3; anything else is itself.
std::vector<std::string> expand_range(const std::string& text, const std::string& at);

/// Distinct texts of a column without the missing ones: by value if all are numbers, else by bytes.
std::vector<std::string> distinct_values(const CsvTable& table, std::size_t column,
                                         const std::vector<std::string>& missing);

/// Do a cell and a listed value mean the same: equal texts, or equal numbers?
bool same_value(std::string_view cell, const std::string& value);

/// The finite number in a cell. Throws Error (data) naming file, line, column and the text found.
float number_at(const CsvTable& table, std::size_t row, std::size_t column);

/// Reads one [task.<name>] table; `reader` is positioned on it.
Task import_task(const std::string& name, TableReader& reader, const CsvTable& table, const Columns& columns);

/// One binary task per value of a column, named prefix + value.
std::vector<Task> import_one_vs_rest(TableReader& reader, const CsvTable& table, const Columns& columns);

/// The [split] table. Fractions order the rows of each stratum by SHA-256 of "seed:row" (row from 0), so a
/// split depends on nothing but the seed and the rows' places.
std::vector<std::uint8_t> import_split(TableReader& reader, const CsvTable& table, const Columns& columns);

}  // namespace qmtl
