// SPDX-License-Identifier: Apache-2.0
#include "io/data/csv.h"

#include <algorithm>
#include <array>

#include "io/data/arff.h"
#include "io/data/file_kind.h"
#include "io/data/inflate.h"
#include "io/data/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// Walks through the text, cell by cell. Quoted cells are unescaped in place: they only shrink.
class Scanner {
 public:
  Scanner(std::string& text, const std::string& file, const CsvDialect& dialect)
      : text_(text), file_(file), dialect_(dialect) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    for (char c : {'\n', '\r'}) stops_[static_cast<unsigned char>(c)] = true;
    if (!dialect.comment.empty()) stops_[static_cast<unsigned char>(dialect.comment[0])] = true;
    if (dialect.whitespace)
      stops_[' '] = stops_['\t'] = true;
    else
      stops_[static_cast<unsigned char>(dialect.delimiter)] = true;
  }

  std::size_t line() const { return line_; }

  /// Reads the next row that is neither blank nor a comment; false at the end.
  bool next_row(std::vector<std::string_view>& cells, std::size_t& row_line) {
    while (at_ < text_.size()) {
      const std::size_t begin = at_;
      if (!dialect_.comment.empty() || dialect_.whitespace) skip_blanks();
      if (at_comment())
        skip_comment();
      else if (!at_end_of_line()) {
        if (!dialect_.whitespace) at_ = begin;
        break;
      }
      if (at_ < text_.size()) line_ += text_[at_++] == '\n';
    }
    cells.clear();
    row_line = line_;
    if (at_ >= text_.size()) return false;
    do cells.push_back(next_cell());
    while (more_cells());
    return true;
  }

 private:
  bool is_blank(char c) const {
    return (c == ' ' || c == '\t') && (dialect_.whitespace || c != dialect_.delimiter);
  }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  bool at_end_of_line() const { return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r'; }
  bool at_comment() const {
    return !dialect_.comment.empty() && std::string_view(text_).substr(at_).starts_with(dialect_.comment);
  }
  void skip_comment() {
    while (!at_end_of_line()) ++at_;
  }
  bool at_delimiter() const {
    return at_ < text_.size() &&
           (dialect_.whitespace ? is_blank(text_[at_]) : text_[at_] == dialect_.delimiter);
  }

  std::string_view next_cell() {
    const std::size_t begin = at_;
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '"') return quoted_cell();
    at_ = begin;
    return plain_cell();
  }

  std::string_view plain_cell() {
    const std::size_t begin = at_;
    while (at_ < text_.size()) {
      if (stops_[static_cast<unsigned char>(text_[at_])] &&
          (at_end_of_line() || at_delimiter() || at_comment()))
        break;
      ++at_;
    }
    std::string_view cell = std::string_view(text_).substr(begin, at_ - begin);
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!cell.empty() && blank(cell.front())) cell.remove_prefix(1);
    while (!cell.empty() && blank(cell.back())) cell.remove_suffix(1);
    return cell;
  }

  std::string_view quoted_cell() {
    const std::size_t opened = line_, begin = ++at_;
    std::size_t end = begin;
    while (true) {
      if (at_ >= text_.size())
        throw data_error(file_ + ":" + std::to_string(opened) + ": a quoted cell begins here and never ends");
      const char c = text_[at_++];
      if (c == '"') {
        if (at_ >= text_.size() || text_[at_] != '"') break;
        ++at_;
      }
      line_ += c == '\n';
      text_[end++] = c;
    }
    if (!dialect_.whitespace) skip_blanks();
    if (!at_end_of_line() && !at_delimiter() && !at_comment())
      throw data_error(file_ + ":" + std::to_string(line_) + ": expected " +
                       (dialect_.whitespace ? std::string("a blank")
                                            : std::string("the delimiter '") + dialect_.delimiter + "'") +
                       " or the end of the line after a quoted cell, found '" +
                       shown(std::string_view(text_).substr(at_, 4), 4) + "'");
    return std::string_view(text_).substr(begin, end - begin);
  }

  /// After a cell: steps over the delimiter (true) or the end of the line (false).
  bool more_cells() {
    if (dialect_.whitespace) {
      skip_blanks();
      if (!at_end_of_line() && !at_comment()) return true;
    }
    if (at_comment()) skip_comment();
    if (at_ >= text_.size()) return false;
    if (!dialect_.whitespace && text_[at_] == dialect_.delimiter) {
      ++at_;
      if (at_ < text_.size()) return true;
      // The file ends right behind a delimiter: one more, empty cell.
      text_.push_back('\n');
      return true;
    }
    if (text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') ++at_;
    ++line_;
    return false;
  }

  std::string& text_;
  const std::string& file_;
  const CsvDialect& dialect_;
  std::array<bool, 256> stops_{};  ///< characters at which an unquoted cell may end
  std::size_t at_ = 0, line_ = 1;
};

/// What may be wrong where a row has another number of cells than the first.
std::string row_hint(const CsvDialect& dialect, std::string_view first_cell) {
  for (const char* mark : {"#", "%", "//", "@"})
    if (dialect.comment.empty() && first_cell.starts_with(mark))
      return std::string("; if the line is a comment, say comment = \"") + mark + "\"";
  return dialect.whitespace ? "; is it really separated by blanks?"
                            : std::string("; is the delimiter really '") + dialect.delimiter + "'?";
}

}  // namespace

std::string CsvTable::column_name(std::size_t column) const {
  return column < header.size() ? header[column] : std::to_string(column + 1);
}

std::string CsvTable::where(std::size_t row, std::size_t column) const {
  const std::size_t own = columns - sources.size();
  if (column >= own)
    return sources[column - own] + ", sample " + std::to_string(origin.empty() ? row : origin[row]);
  return file + ":" + std::to_string(lines[row]) + ", column " + column_name(column);
}

bool CsvTable::number(std::string_view cell, std::size_t column, double& value) const {
  return column < columns - sources.size() ? parse_number(cell, numbers, value) : parse_number(cell, value);
}

bool CsvTable::number(std::size_t row, std::size_t column, double& value) const {
  return number(cell(row, column), column, value);
}

CsvTable parse_csv(std::string text, const std::string& name, const CsvDialect& dialect,
                   ImportReport& report) {
  const CsvHeader header = dialect.header;
  CsvTable table;
  table.file = name;
  table.numbers = dialect.numbers;
  // Room for the one character that the scanner may add, so that cells never dangle.
  text.reserve(text.size() + 1);
  table.text = std::make_unique<std::string>(std::move(text));
  table.text->reserve(table.text->size() + 1);
  Scanner scanner(*table.text, table.file, dialect);
  std::vector<std::string_view> row;
  std::size_t line = 0, trailing = 0;
  for (bool first = true; scanner.next_row(row, line); first = false) {
    if (first) {
      table.columns = row.size();
      double ignored = 0;
      const bool names = std::any_of(
          row.begin(), row.end(), [&](auto cell) { return !parse_number(cell, dialect.numbers, ignored); });
      if (header == CsvHeader::assumed && !names)
        report.guess(
            name + ":" + std::to_string(line),
            "the first row is taken as names of columns, though all its " + std::string("cells are numbers"),
            "header = true or header = false");
      if (header == CsvHeader::yes || header == CsvHeader::assumed || (header == CsvHeader::guess && names)) {
        table.header.assign(row.begin(), row.end());
        continue;
      }
    }
    // A delimiter at the end of the header alone, or of rows alone.
    if (table.lines.empty() && row.size() + 1 == table.columns && !table.header.empty() &&
        table.header.back().empty()) {
      table.header.pop_back();
      --table.columns;
      ++trailing;
    }
    if (row.size() == table.columns + 1 && row.back().empty() && !table.header.empty()) {
      row.pop_back();
      ++trailing;
    }
    if (row.size() != table.columns)
      throw data_error(name + ":" + std::to_string(line) + ": expected " + std::to_string(table.columns) +
                       " cells as in the first row, found " + std::to_string(row.size()) +
                       row_hint(dialect, row[0]));
    table.cells.insert(table.cells.end(), row.begin(), row.end());
    table.lines.push_back(line);
  }
  if (table.rows() == 0) throw data_error(name + ": expected at least one row of data, found none");
  if (trailing > 0)
    report.notes.push_back(name + ": " + std::to_string(trailing) +
                           " lines end with a delimiter more; the empty cell behind it is left out");
  return table;
}

bool drop_empty_last_column(CsvTable& table) {
  if (table.columns < 2 || !table.sources.empty() || (!table.header.empty() && !table.header.back().empty()))
    return false;
  for (std::size_t row = 0; row < table.rows(); ++row)
    if (!table.cell(row, table.columns - 1).empty()) return false;
  std::vector<std::string_view> cells;
  cells.reserve(table.rows() * (table.columns - 1));
  for (std::size_t i = 0; i < table.cells.size(); ++i)
    if ((i + 1) % table.columns != 0) cells.push_back(table.cells[i]);
  table.cells = std::move(cells);
  --table.columns;
  if (!table.header.empty()) table.header.pop_back();
  return true;
}

CsvTable empty_table(const std::string& name, std::size_t rows) {
  CsvTable table;
  table.file = name;
  table.lines.resize(rows);
  return table;
}

void add_columns(CsvTable& table, const std::vector<AddedColumn>& columns) {
  for (std::size_t i = table.header.size(); i < table.columns; ++i)
    table.header.push_back(table.column_name(i));
  std::vector<std::string_view> cells;
  cells.reserve(table.rows() * (table.columns + columns.size()));
  std::vector<std::size_t> used(columns.size(), 0);
  for (const AddedColumn& column : columns) {
    for (std::size_t row = 0; row < column.cells.size(); ++row)
      require_utf8(column.cells[row], column.source + ", sample " + std::to_string(row));
    table.header.push_back(column.name);
    table.sources.push_back(column.source);
    if (!column.alias.empty()) table.aliases.emplace_back(column.alias, column.name);
    auto joined = std::make_unique<std::string>();
    for (const std::string& cell : column.cells) *joined += cell;
    table.added.push_back(std::move(joined));
  }
  const std::size_t first = table.added.size() - columns.size();
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (std::size_t column = 0; column < table.columns; ++column) cells.push_back(table.cell(row, column));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::size_t length = columns[i].cells[row].size();
      cells.push_back(std::string_view(*table.added[first + i]).substr(used[i], length));
      used[i] += length;
    }
  }
  table.columns += columns.size();
  table.cells = std::move(cells);
}

CsvTable read_csv(const std::string& path, const CsvDialect& dialect, ImportReport& report) {
  std::string bytes = inflate_file(path, "a table of texts (CSV)");
  if (const std::string kind = kind_of_no_table(bytes); !kind.empty())
    throw data_error(path + ": expected a table of texts (CSV), found " + kind);
  std::string text = to_utf8(std::move(bytes), dialect.encoding, path, report);
  if (const std::string kind = kind_of_no_table(text); !kind.empty())
    throw data_error(path + ": expected a table of texts (CSV), found " + kind);
  if (!is_arff(text)) return parse_csv(std::move(text), path, dialect, report);
  CsvDialect plain = dialect;
  plain.delimiter = ',';
  plain.whitespace = false;
  plain.comment.clear();
  plain.header = CsvHeader::yes;
  return parse_csv(arff_as_csv(text, path), path, plain, report);
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
