// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace qmtl {

/// A table of texts from a CSV file (RFC 4180: quoted cells, doubled quotes, LF or CRLF). Cells point into
/// `text`.
struct CsvTable {
  std::string file;
  std::vector<std::string> header;  ///< column names, or empty
  std::size_t columns = 0;
  std::vector<std::string_view>
      cells;  ///< row-major, without the header; spaces around unquoted cells are dropped
  std::vector<std::size_t> lines;     ///< line of the file (from 1) on which each row begins
  std::unique_ptr<std::string> text;  ///< what the cells point into; its address stays when the table moves
  std::vector<std::string> sources;   ///< where the last columns came from, if not from this file
  std::vector<std::unique_ptr<std::string>> added;  ///< what their cells point into

  std::size_t rows() const { return lines.size(); }
  std::string_view cell(std::size_t row, std::size_t column) const { return cells[row * columns + column]; }
  /// "file:line, column name" for messages; of a column from elsewhere "file, sample 3".
  std::string where(std::size_t row, std::size_t column) const;
  std::string column_name(std::size_t column) const;  ///< the header's, or the number from 1
};

enum class CsvHeader {
  no,
  yes,
  guess,  ///< the first row is a header if any of its cells is no number
};

/// Reads a CSV file, plain or gzip-compressed. Throws Error (data) that names file and line for a missing or
/// damaged file, rows of different length, and an unfinished quote.
CsvTable read_csv(const std::string& path, char delimiter = ',', CsvHeader header = CsvHeader::yes);

/// Splits a text that is already in memory; `name` is the file's name in messages.
CsvTable parse_csv(std::string text, const std::string& name, char delimiter, CsvHeader header);

/// A table of so many rows without columns, for add_columns. `name` stands for the file in messages.
CsvTable empty_table(const std::string& name, std::size_t rows);

/// A column that does not come from the table's file.
struct AddedColumn {
  std::string name, source;        ///< source: the file it comes from
  std::vector<std::string> cells;  ///< one per row
};
/// Puts columns behind those of the table.
void add_columns(CsvTable& table, const std::vector<AddedColumn>& columns);

/// A text as a cell of a CSV file: in quotes where it needs them.
std::string csv_cell(const std::string& text);

/// The number a cell holds, or nothing if it is not wholly a number.
bool parse_number(std::string_view text, double& value);

}  // namespace qmtl
