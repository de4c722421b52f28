// SPDX-License-Identifier: Apache-2.0
#include "io/sources/csv.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "io/sources/arff.h"
#include "io/sources/csv_scanner.h"
#include "io/sources/text_source.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace qmtl {
namespace {

/// What may be wrong where a row has another number of cells than the first.
std::string row_hint(const CsvDialect& dialect, std::string_view first_cell) {
  for (const char* mark : {"#", "%", "//", "@"})
    if (dialect.comment.empty() && first_cell.starts_with(mark))
      return std::string("; if the line is a comment, say comment = \"") + mark + "\"";
  return dialect.whitespace ? "; is it really separated by blanks?"
                            : std::string("; is the delimiter really '") + dialect.delimiter + "'?";
}

/// The rows of a table as wide as the first, without its names.
class CsvRows {
 public:
  CsvRows(NextPiece source, const std::string& name, const CsvDialect& dialect, ImportReport& report)
      : scanner_(std::move(source), name, dialect), name_(name), dialect_(dialect) {
    kept_ = scanner_.next_row(first_, first_line_, {});
    if (!kept_) return;
    columns = first_.size();
    double ignored = 0;
    const bool names = std::any_of(first_.begin(), first_.end(), [&](const ScannedCell& cell) {
      return !parse_number(cell.text, dialect.numbers, ignored);
    });
    if (dialect.header == CsvHeader::assumed && !names)
      report.guess(name + ":" + std::to_string(first_line_),
                   "the first row is taken as names of columns, though all its cells are numbers",
                   "header = true or header = false");
    if (dialect.header == CsvHeader::no) return;
    for (const ScannedCell& cell : first_) header.emplace_back(cell.text);
    if (dialect.header == CsvHeader::guess && !dialect.is_header(header)) {
      header.clear();
      return;
    }
    kept_ = false;
  }

  /// The next row; false at the end.
  bool next(std::vector<ScannedCell>& row, std::size_t& line) {
    if (kept_) {
      row = first_;
      line = first_line_;
      kept_ = false;
    } else if (!scanner_.next_row(row, line, numbers)) {
      return false;
    }
    // A delimiter at the end of the header alone, or of rows alone.
    if (!begun_ && row.size() + 1 == columns && !header.empty() && header.back().empty()) {
      header.pop_back();
      --columns;
      ++trailing;
    }
    begun_ = true;
    if (row.size() == columns + 1 && row.back().text.empty() && !header.empty()) {
      row.pop_back();
      ++trailing;
    }
    if (row.size() != columns)
      throw data_error(name_ + ":" + std::to_string(line) + ": expected " + std::to_string(columns) +
                       " cells as in the first row, found " + std::to_string(row.size()) +
                       row_hint(dialect_, row[0].text));
    return true;
  }

  std::uint64_t scanned() const { return scanner_.scanned(); }

  std::vector<std::string> header;
  std::size_t columns = 0;
  std::size_t trailing = 0;   ///< lines that ended with a delimiter more
  std::vector<char> numbers;  ///< for each column: is it tried as numbers?

 private:
  CsvScanner scanner_;
  const std::string& name_;
  const CsvDialect& dialect_;
  std::vector<ScannedCell> first_;
  std::size_t first_line_ = 0;
  bool kept_ = false, begun_ = false;
};

/// The finite number in a cell, if it is one.
bool finite_number(const ScannedCell& cell, const NumberFormat& format, double& value) {
  value = cell.number;
  return cell.is_number || (parse_number(cell.text, format, value) && std::isfinite(value));
}

bool keeps_numbers(Keep keep) { return keep == Keep::number || keep == Keep::input; }

constexpr std::size_t all_rows = std::numeric_limits<std::size_t>::max();

/// Asks for the memory of so many rows at once: growing by doubling would need three times as much.
void reserve_rows(CsvTable& table, std::size_t rows) {
  table.lines.reserve(rows);
  table.block.reserve(rows * table.block_width);
  for (TableColumn& column : table.data) {
    if (column.keep == Keep::text) column.codes.reserve(rows);
    if (column.keep == Keep::number) column.numbers.reserve(rows);
  }
}

/// Puts the rows of a text into tables.
class TableRows {
 public:
  TableRows(NextPiece source, std::string name, CsvDialect dialect, ImportReport& report,
            const PlanColumns& plan)
      : name_(std::move(name)),
        dialect_(std::move(dialect)),
        report_(report),
        rows_(std::move(source), name_, dialect_, report) {
    left_ = rows_.next(row_, line_);
    if (!left_) throw data_error(name_ + ": expected at least one row of data, found none");
    keep_.assign(rows_.columns, Keep::text);
    if (!plan) return;
    keep_ = plan(rows_.header, rows_.columns);
    for (Keep keep : keep_) rows_.numbers.push_back(keeps_numbers(keep));
  }

  /// The next rows, at most `most`, of a text of `bytes` in all (0: nobody knows); false at the end.
  bool next(CsvTable& table, std::size_t most, std::uint64_t bytes = 0) {
    table = {};
    if (!left_) return false;
    begin(table);
    constexpr std::size_t sampled = 4096;
    do {
      append_row(table);
      if (bytes > 0 && table.rows() == sampled)
        reserve_rows(table, static_cast<std::size_t>(1.02 * sampled * static_cast<double>(bytes) /
                                                     static_cast<double>(rows_.scanned())));
      left_ = rows_.next(row_, line_);
    } while (left_ && table.rows() < most);
    for (TableColumn& column : table.data) column.texts.settle();
    if (!left_ && rows_.trailing > 0)
      report_.notes.push_back(name_ + ": " + std::to_string(rows_.trailing) +
                              " lines end with a delimiter more; the empty cell behind it is left out");
    return true;
  }

 private:
  void begin(CsvTable& table) const {
    table.file = name_;
    table.numbers = dialect_.numbers;
    table.header = rows_.header;
    table.columns = rows_.columns;
    table.data.resize(table.columns);
    for (std::size_t c = 0; c < table.columns; ++c) {
      table.data[c].keep = keep_[c];
      if (keep_[c] == Keep::input) table.data[c].place = table.block_width++;
    }
  }

  void append_row(CsvTable& table) const {
    for (std::size_t c = 0; c < table.columns; ++c) {
      const ScannedCell& cell = row_[c];
      double value = 0;
      if (keeps_numbers(keep_[c]) && finite_number(cell, dialect_.numbers, value))
        table.append(c, cell.text, value);
      else
        table.append(c, cell.text);
    }
    table.lines.push_back(line_);
  }

  const std::string name_;
  const CsvDialect dialect_;
  ImportReport& report_;
  CsvRows rows_;
  std::vector<Keep> keep_;        ///< of each column
  std::vector<ScannedCell> row_;  ///< the next one
  std::size_t line_ = 0;
  bool left_ = true;  ///< is there a next one?
};

/// The text of a table and how it is written; that of an ARFF file as CSV.
NextPiece open_table(const std::string& path, CsvDialect& dialect, ImportReport& report) {
  NextPiece rest = open_text(path, dialect.encoding, report);
  std::string first;
  rest(first);
  if (is_arff(first)) {
    while (rest(first)) {
    }
    dialect.delimiter = ',';
    dialect.whitespace = false;
    dialect.comment.clear();
    dialect.header = CsvHeader::yes;
    return one_piece(arff_as_csv(first, path));
  }
  return [begin = one_piece(std::move(first)), rest](std::string& text) mutable {
    return begin(text) || rest(text);
  };
}

}  // namespace

struct CsvBlocks::Rows {
  TableRows rows;
  std::uint64_t bytes;  ///< of the file
};

CsvBlocks::CsvBlocks(const std::string& path, const CsvDialect& given, ImportReport& report,
                     const PlanColumns& plan) {
  CsvDialect dialect = given;
  NextPiece source = open_table(path, dialect, report);
  rows_.reset(new Rows{TableRows(std::move(source), path, dialect, report, plan), require_file(path)});
}
CsvBlocks::~CsvBlocks() = default;

bool CsvBlocks::next(CsvTable& table, std::size_t most) {
  return rows_->rows.next(table, most, most == all_rows ? rows_->bytes : 0);
}

void walk_csv(const std::string& path, const CsvDialect& given, ImportReport& report,
              const std::function<void(const std::vector<std::string>& header, std::size_t columns)>& head,
              const std::function<void(const std::vector<std::string_view>& cells)>& take) {
  CsvDialect dialect = given;
  NextPiece source = open_table(path, dialect, report);
  CsvRows rows(std::move(source), path, dialect, report);
  std::vector<ScannedCell> row;
  std::vector<std::string_view> cells;
  std::size_t line = 0;
  for (bool first = true; rows.next(row, line); first = false) {
    if (first) head(rows.header, rows.columns);
    cells.clear();
    for (const ScannedCell& cell : row) cells.push_back(cell.text);
    take(cells);
  }
}

CsvTable parse_csv(std::string text, const std::string& name, const CsvDialect& dialect,
                   ImportReport& report) {
  CsvTable table;
  TableRows(one_piece(std::move(text)), name, dialect, report, {}).next(table, all_rows);
  return table;
}

CsvTable read_csv(const std::string& path, const CsvDialect& given, ImportReport& report,
                  const PlanColumns& plan) {
  CsvTable table;
  CsvBlocks(path, given, report, plan).next(table, all_rows);
  table.again = [path, given, progress = report.progress](const std::vector<std::size_t>& columns,
                                                          const CsvTable::Take& take) {
    ImportReport silent;
    silent.progress = progress;
    CsvDialect written = given;
    NextPiece text = open_table(path, written, silent);
    CsvRows rows(std::move(text), path, written, silent);
    rows.numbers.assign(rows.columns, false);
    for (std::size_t column : columns) rows.numbers[column] = true;
    std::vector<ScannedCell> row;
    std::size_t line = 0;
    for (std::size_t number = 0; rows.next(row, line); ++number)
      for (std::size_t i = 0; i < columns.size(); ++i) {
        double value = 0;
        if (!finite_number(row[columns[i]], written.numbers, value))
          value = std::numeric_limits<double>::quiet_NaN();
        take(number, i, value);
      }
  };
  return table;
}

std::string csv_quoted(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string csv_cell(const std::string& given) {
  // With its apostrophes counted in, the mark can be taken off again without doubt.
  const std::size_t first = given.find_first_not_of('\'');
  double number = 0;
  const bool formula = first != std::string::npos &&
                       std::string_view("=+-@\t\r\n").find(given[first]) != std::string_view::npos;
  const std::string text = formula && !parse_number(given, number) ? "'" + given : given;
  return text.find_first_of(",\"\t\r\n") == std::string::npos ? text : csv_quoted(text);
}

}  // namespace qmtl
