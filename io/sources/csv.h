// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/sources/csv_header.h"
#include "io/sources/import_report.h"
#include "io/sources/numbers.h"
#include "io/sources/table.h"

namespace qmtl {

/// How a text table is written.
struct CsvDialect {
  char delimiter = ',';
  bool whitespace = false;  ///< instead of the delimiter: runs of blanks and tabs
  std::string comment;      ///< begins what is passed over to the end of the line; "": nothing does
  NumberFormat numbers;
  CsvHeader header = CsvHeader::yes;
  /// Are the cells of the first row names of columns? May throw Error where that is open to doubt.
  std::function<bool(const std::vector<std::string>& first)> is_header = {};
  std::string encoding;  ///< see to_utf8
};

/// What to keep of each of `columns` columns, whose names, if there are any, are the header.
using PlanColumns =
    std::function<std::vector<Keep>(const std::vector<std::string>& header, std::size_t columns)>;

/// Reads a CSV file (RFC 4180: quoted cells, doubled quotes, LF or CRLF; blanks around cells are dropped) or
/// an ARFF file, plain or gzip-compressed, in one pass and without keeping its text; without a plan every
/// column keeps its texts. Throws Error (data) that names file and line for a missing or damaged file, one
/// that is no table of texts, foreign bytes, rows of different length, and an unfinished quote.
CsvTable read_csv(const std::string& path, const CsvDialect& dialect, ImportReport& report,
                  const PlanColumns& plan = {});

/// The rows of such a file as one table after another: only those of one are in memory.
class CsvBlocks {
 public:
  /// `report` outlives it.
  CsvBlocks(const std::string& path, const CsvDialect& dialect, ImportReport& report,
            const PlanColumns& plan);
  ~CsvBlocks();
  CsvBlocks(const CsvBlocks&) = delete;
  CsvBlocks& operator=(const CsvBlocks&) = delete;

  /// The next rows, at most so many; false at the end. CsvTable::again is not set.
  bool next(CsvTable& table, std::size_t most);

 private:
  struct Rows;
  std::unique_ptr<Rows> rows_;
};

/// Walks through the rows of such a file: calls `head` with names and number of columns, then `row` for each
/// row, whose cells last until the next.
void walk_csv(const std::string& path, const CsvDialect& dialect, ImportReport& report,
              const std::function<void(const std::vector<std::string>& header, std::size_t columns)>& head,
              const std::function<void(const std::vector<std::string_view>& cells)>& row);

/// As read_csv for a text in UTF-8 that is already in memory; `name` is the file's name in messages.
CsvTable parse_csv(std::string text, const std::string& name, const CsvDialect& dialect,
                   ImportReport& report);

/// A text in the quotes of a CSV file.
std::string csv_quoted(const std::string& text);
/// A text as a cell of a CSV file: in quotes where it needs them. Spreadsheets run what begins with = + - @
/// (or a tab, or the end of a line, before those) as a formula; such a text, unless it is a number, gets an
/// apostrophe in front, as does one that already has apostrophes there: taking one off what begins with
/// apostrophes and one of those gives the text back.
std::string csv_cell(const std::string& text);

}  // namespace qmtl
