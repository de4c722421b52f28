// SPDX-License-Identifier: Apache-2.0
#include "io/data/csv.h"

#include <algorithm>
#include <charconv>

#include "io/data/inflate.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Walks through the text, cell by cell. Quoted cells are unescaped in place: they only shrink.
class Scanner {
 public:
  Scanner(std::string& text, const std::string& file, char delimiter)
      : text_(text), file_(file), delimiter_(delimiter) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  std::size_t line() const { return line_; }

  /// Reads the next row that is not blank; false at the end.
  bool next_row(std::vector<std::string_view>& cells, std::size_t& row_line) {
    while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) line_ += text_[at_++] == '\n';
    cells.clear();
    row_line = line_;
    if (at_ >= text_.size()) return false;
    do cells.push_back(text_[at_] == '"' ? quoted_cell() : plain_cell());
    while (more_cells());
    return true;
  }

 private:
  std::string_view plain_cell() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
    return trimmed(std::string_view(text_).substr(begin, at_ - begin));
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
    if (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '\n' && text_[at_] != '\r')
      throw data_error(file_ + ":" + std::to_string(line_) + ": expected the delimiter '" + delimiter_ +
                       "' or the end of the line after a quoted cell, found '" + text_[at_] + "'");
    return std::string_view(text_).substr(begin, end - begin);
  }

  /// After a cell: steps over the delimiter (true) or the end of the line (false).
  bool more_cells() {
    if (at_ >= text_.size()) return false;
    if (text_[at_] == delimiter_) {
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
  char delimiter_;
  std::size_t at_ = 0, line_ = 1;
};

}  // namespace

bool parse_number(std::string_view text, double& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() && !text.empty();
}

std::string CsvTable::column_name(std::size_t column) const {
  return column < header.size() ? header[column] : std::to_string(column + 1);
}

std::string CsvTable::where(std::size_t row, std::size_t column) const {
  const std::size_t own = columns - sources.size();
  if (column >= own) return sources[column - own] + ", sample " + std::to_string(row);
  return file + ":" + std::to_string(lines[row]) + ", column " + column_name(column);
}

CsvTable parse_csv(std::string text, const std::string& name, char delimiter, CsvHeader header) {
  CsvTable table;
  table.file = name;
  // Room for the one character that the scanner may add, so that cells never dangle.
  text.reserve(text.size() + 1);
  table.text = std::make_unique<std::string>(std::move(text));
  table.text->reserve(table.text->size() + 1);
  Scanner scanner(*table.text, table.file, delimiter);
  std::vector<std::string_view> row;
  std::size_t line = 0;
  for (bool first = true; scanner.next_row(row, line); first = false) {
    if (first) {
      table.columns = row.size();
      double ignored = 0;
      const bool names =
          std::any_of(row.begin(), row.end(), [&](auto cell) { return !parse_number(cell, ignored); });
      if (header == CsvHeader::yes || (header == CsvHeader::guess && names)) {
        table.header.assign(row.begin(), row.end());
        continue;
      }
    }
    if (row.size() != table.columns)
      throw data_error(name + ":" + std::to_string(line) + ": expected " + std::to_string(table.columns) +
                       " cells as in the first row, found " + std::to_string(row.size()) +
                       "; is the delimiter really '" + delimiter + "'?");
    table.cells.insert(table.cells.end(), row.begin(), row.end());
    table.lines.push_back(line);
  }
  if (table.rows() == 0) throw data_error(name + ": expected at least one row of data, found none");
  return table;
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
    table.header.push_back(column.name);
    table.sources.push_back(column.source);
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

CsvTable read_csv(const std::string& path, char delimiter, CsvHeader header) {
  return parse_csv(inflate_file(path, "a CSV file"), path, delimiter, header);
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace qmtl
