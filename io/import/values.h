// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/config/toml_tools.h"
#include "io/sources/csv.h"
#include "io/sources/import_report.h"

namespace qmtl {

/// What stands in a column of labels: each distinct text once, in the order of its first row. Texts are
/// compared as texts ("1.1" and "1.10" are two); empty cells, NaN and the missing texts are no values.
struct ColumnValues {
  std::string place;  ///< "file, column name" for messages
  std::vector<std::string> texts;
  std::vector<std::size_t> counts, first_row;  ///< of each text
  std::vector<std::int32_t> of_row;            ///< [rows] which text, -1: missing
  std::size_t missing = 0;
};
/// "file, column name" for messages.
std::string column_place(const CsvTable& table, std::size_t column);
ColumnValues column_values(const CsvTable& table, std::size_t column,
                           const std::vector<std::string>& missing);

/// Is a text a customary word for "missing", such as NA, n/a, null, ? or -?
bool means_missing(std::string_view text);

/// The texts in order: by value if all are finite numbers, else by bytes.
std::vector<std::string> sorted_values(const ColumnValues& values, const CsvTable& table, std::size_t column);
/// Are all texts finite numbers?
bool are_numbers(const ColumnValues& values, const CsvTable& table, std::size_t column);

/// A value that a description lists. A TOML integer means every way to write that number, a text only itself.
struct Listed {
  std::string text;
  bool number = false;
};
std::vector<Listed> listed_values(TableReader& reader, const std::string& key);

/// For each text of the column the place of the listed value that means it, -1: none. A listed text that does
/// not occur stands for the one way in which the column writes that number, if there is exactly one: a guess.
/// Throws Error (data) for a listed value that never occurs, unless `absent` allows that; `at` names file,
/// line and key of the description.
std::vector<int> match_values(const ColumnValues& values, const std::vector<Listed>& listed, bool absent,
                              const std::string& at, ImportReport& report);

/// Throws Error (data) for the first text that no listed value means, with what the column holds.
void refuse_unknown(const ColumnValues& values, const std::vector<int>& match,
                    const std::vector<Listed>& listed, const CsvTable& table, std::size_t column);

/// "3 different values: yes (12), no (9), ? (1)": what a column holds, for messages.
std::string found_values(const ColumnValues& values);

/// Guesses about texts that were taken as values of their own: words that customarily mean "missing", texts
/// that differ only in case or blanks, and numbers written in two ways. `match` is negative for texts that
/// the description does not list; `key` is where it could.
void doubt_values(const ColumnValues& values, const std::vector<int>& match, const std::string& key,
                  ImportReport& report);

}  // namespace qmtl
