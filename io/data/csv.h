// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/data/import_report.h"
#include "io/data/numbers.h"

namespace qmtl {

enum class CsvHeader {
  no,
  yes,
  assumed,  ///< yes, because nothing was said: doubtful where all its cells are numbers
  guess,    ///< the first row is a header if any of its cells is no number
};

/// How a text table is written.
struct CsvDialect {
  char delimiter = ',';
  bool whitespace = false;  ///< instead of the delimiter: runs of blanks and tabs
  std::string comment;      ///< begins what is passed over to the end of the line; "": nothing does
  NumberFormat numbers;
  CsvHeader header = CsvHeader::yes;
  std::string encoding;  ///< see to_utf8
};

/// A table of texts from a CSV file (RFC 4180: quoted cells, doubled quotes, LF or CRLF; blanks around quotes
/// are dropped). Cells point into `text`.
struct CsvTable {
  std::string file;
  std::vector<std::string> header;  ///< column names, or empty
  std::size_t columns = 0;
  std::vector<std::string_view>
      cells;  ///< row-major, without the header; spaces around unquoted cells are dropped
  std::vector<std::size_t> lines;     ///< line of the file (from 1) on which each row begins
  std::unique_ptr<std::string> text;  ///< what the cells point into; its address stays when the table moves
  std::vector<std::string> sources;   ///< where the last columns came from, if not from this file
  std::vector<std::unique_ptr<std::string>> added;           ///< what their cells point into
  std::vector<std::pair<std::string, std::string>> aliases;  ///< other names of added columns
  std::vector<std::size_t> origin;  ///< the place of each row among all, where rows were taken out
  NumberFormat numbers;             ///< of the file's own columns

  std::size_t rows() const { return lines.size(); }
  std::string_view cell(std::size_t row, std::size_t column) const { return cells[row * columns + column]; }
  /// "file:line, column name" for messages; of a column from elsewhere "file, sample 3".
  std::string where(std::size_t row, std::size_t column) const;
  std::string column_name(std::size_t column) const;  ///< the header's, or the number from 1
  /// The number in a cell, as parse_number in the column's format.
  bool number(std::size_t row, std::size_t column, double& value) const;
  bool number(std::string_view cell, std::size_t column, double& value) const;
};

/// Reads a CSV or ARFF file, plain or gzip-compressed. Throws Error (data) that names file and line for a
/// missing or damaged file, one that is no table of texts, foreign bytes, rows of different length, and an
/// unfinished quote.
CsvTable read_csv(const std::string& path, const CsvDialect& dialect, ImportReport& report);

/// Splits a text in UTF-8 that is already in memory; `name` is the file's name in messages.
CsvTable parse_csv(std::string text, const std::string& name, const CsvDialect& dialect,
                   ImportReport& report);

/// Takes away a last column that is empty in every row and has no name; false where it is not.
bool drop_empty_last_column(CsvTable& table);

/// A table of so many rows without columns, for add_columns. `name` stands for the file in messages.
CsvTable empty_table(const std::string& name, std::size_t rows);

/// A column that does not come from the table's file.
struct AddedColumn {
  std::string name, source;        ///< source: the file it comes from
  std::vector<std::string> cells;  ///< one per row
  std::string alias = {};          ///< another name that descriptions may use
};
/// Puts columns behind those of the table.
void add_columns(CsvTable& table, const std::vector<AddedColumn>& columns);

/// A text in the quotes of a CSV file.
std::string csv_quoted(const std::string& text);
/// A text as a cell of a CSV file: in quotes where it needs them. Spreadsheets run what begins with = + - @
/// (or a tab, or the end of a line, before those) as a formula; such a text, unless it is a number, gets an
/// apostrophe in front, as does one that already has apostrophes there: taking one off what begins with
/// apostrophes and one of those gives the text back.
std::string csv_cell(const std::string& text);

}  // namespace qmtl
