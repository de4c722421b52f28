// SPDX-License-Identifier: Apache-2.0
#include "io/sources/table.h"

#include <bit>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

// A NaN of these numbers is not one that was read: its payload is the code of the cell's text.
constexpr std::uint32_t quiet_float = 0x7fc00000, most_float_codes = 1 << 22;
constexpr std::uint64_t quiet_double = 0x7ff8000000000000;

float float_of_code(std::uint32_t code) { return std::bit_cast<float>(quiet_float | code); }
std::uint32_t code_of(float value) { return std::bit_cast<std::uint32_t>(value) & (most_float_codes - 1); }
double double_of_code(std::uint32_t code) { return std::bit_cast<double>(quiet_double | code); }
std::uint32_t code_of(double value) {
  return static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(value));
}

/// Moves the marked rows, of `width` values each, to the front.
template <class Values>
void keep_marked(Values& values, const std::vector<bool>& kept, std::size_t width = 1) {
  if (values.empty()) return;
  std::size_t to = 0;
  for (std::size_t row = 0; row < kept.size(); ++row)
    if (kept[row])
      for (std::size_t i = 0; i < width; ++i) values[to++] = values[row * width + i];
  values.resize(to);
  values.shrink_to_fit();
}

}  // namespace

std::string_view TextPool::kept(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > room_) {
    constexpr std::size_t slab = 1 << 16;
    room_ = std::max(slab, text.size());
    slabs_.push_back(std::make_unique_for_overwrite<char[]>(room_));
    free_ = slabs_.back().get();
  }
  std::memcpy(free_, text.data(), text.size());
  const std::string_view stored(free_, text.size());
  free_ += text.size();
  room_ -= text.size();
  return stored;
}

std::uint32_t TextPool::code(std::string_view text) {
  constexpr std::size_t judged = 1 << 16;
  if (alike_ && ++asked_ == judged && 2 * texts_.size() > judged) {
    alike_ = false;
    settle();
  }
  if (alike_)
    if (const auto found = codes_.find(text); found != codes_.end()) return found->second;
  if (texts_.size() == std::numeric_limits<std::uint32_t>::max())
    throw data_error("expected at most " + std::to_string(texts_.size()) +
                     " different texts in a column; cut the table into parts");
  const auto code = static_cast<std::uint32_t>(texts_.size());
  texts_.push_back(kept(text));
  if (alike_) codes_.emplace(texts_.back(), code);
  return code;
}

bool is_always_missing(std::string_view cell) {
  if (cell.size() > 4) return false;
  if (cell.size() > 1 && (cell[0] == '-' || cell[0] == '+')) cell.remove_prefix(1);
  return cell.empty() ||
         (cell.size() == 3 && (cell[0] | 32) == 'n' && (cell[1] | 32) == 'a' && (cell[2] | 32) == 'n');
}

std::string CsvTable::column_name(std::size_t column) const {
  return column < header.size() ? header[column] : std::to_string(column + 1);
}

std::string CsvTable::where(std::size_t row, std::size_t column) const {
  const std::size_t own = columns - sources.size();
  if (column >= own)
    return sources[column - own] + ", sample " + std::to_string(origin.empty() ? row : origin[row]);
  return file + ":" + std::to_string(lines[row]) + ", column " + column_name(column);
}

bool CsvTable::is_text(std::size_t row, std::size_t column) const {
  const TableColumn& from = data[column];
  if (from.keep == Keep::number) return std::isnan(from.numbers[row]);
  if (from.keep == Keep::input) return std::isnan(block[row * block_width + from.place]);
  return true;
}

std::string_view CsvTable::cell(std::size_t row, std::size_t column) const {
  const TableColumn& from = data[column];
  if (from.keep == Keep::text) return from.texts[from.codes[row]];
  if (from.keep == Keep::missing || !is_text(row, column))
    throw std::logic_error("column " + column_name(column) + " was read without its texts");
  return from.keep == Keep::number ? from.texts[code_of(from.numbers[row])]
                                   : from.texts[code_of(block[row * block_width + from.place])];
}

bool CsvTable::is_missing(std::size_t row, std::size_t column) const {
  if (data[column].keep == Keep::missing) return data[column].empty[row];
  return is_text(row, column) && is_always_missing(cell(row, column));
}

std::size_t CsvTable::missing(std::size_t column) const {
  // Of numbers alone none is missing, which saves a walk across the block.
  const TableColumn& from = data[column];
  if ((from.keep == Keep::input || from.keep == Keep::number) && from.texts.size() == 0) return 0;
  std::size_t count = 0;
  for (std::size_t row = 0; row < rows(); ++row) count += is_missing(row, column);
  return count;
}

bool CsvTable::number(std::string_view cell, std::size_t column, double& value) const {
  const std::size_t own = columns - sources.size();
  return parse_number(cell, column < own ? numbers : added_numbers[column - own], value);
}

bool CsvTable::number(std::size_t row, std::size_t column, double& value) const {
  const TableColumn& from = data[column];
  if (from.keep == Keep::input && !is_text(row, column))
    throw std::logic_error("column " + column_name(column) + " was read in single precision");
  if (from.keep != Keep::number || is_text(row, column)) return number(cell(row, column), column, value);
  value = from.numbers[row];
  return true;
}

void CsvTable::append(std::size_t column, std::string_view text) {
  TableColumn& to = data[column];
  to.filled += !text.empty();
  switch (to.keep) {
    case Keep::missing:
      to.empty.push_back(is_always_missing(text));
      break;
    case Keep::text:
      to.codes.push_back(to.texts.code(text));
      break;
    case Keep::number:
      to.numbers.push_back(double_of_code(to.texts.code(text)));
      break;
    case Keep::input: {
      const std::uint32_t code = to.texts.code(text);
      if (code >= most_float_codes)
        throw data_error(file + ": column " + column_name(column) + ": expected numbers, found more than " +
                         std::to_string(most_float_codes) + " other texts");
      block.push_back(float_of_code(code));
    }
  }
}

void CsvTable::append(std::size_t column, std::string_view text, double value) {
  TableColumn& to = data[column];
  if ((to.keep == Keep::number || to.keep == Keep::input) && std::isfinite(static_cast<float>(value))) {
    ++to.filled;
    if (to.keep == Keep::number) {
      to.numbers.push_back(value);
    } else {
      block.push_back(static_cast<float>(value));
      to.spread.add(value);
    }
  } else {
    append(column, text);
  }
}

void CsvTable::keep_rows(const std::vector<bool>& kept) {
  if (origin.empty())
    for (std::size_t row = 0; row < kept.size(); ++row) origin.push_back(row);
  keep_marked(origin, kept);
  keep_marked(lines, kept);
  keep_marked(block, kept, block_width);
  for (TableColumn& column : data) {
    keep_marked(column.codes, kept);
    keep_marked(column.numbers, kept);
    keep_marked(column.empty, kept);
  }
}

void CsvTable::exact_numbers(const std::vector<std::size_t>& wanted, const Take& take) const {
  std::size_t next = 0, seen = 0;
  again(wanted, [&](std::size_t row, std::size_t which, double number) {
    if (which == 0 && row > 0 && next < rows() && (origin.empty() ? next : origin[next]) < row) ++next;
    if (next >= rows() || (origin.empty() ? next : origin[next]) != row) return;
    take(next, which, number);
    ++seen;
  });
  if (seen != rows() * wanted.size())
    throw data_error(file + ": expected the same rows when it was read again, found others; import it when " +
                     "nothing writes to it");
}

bool drop_empty_last_column(CsvTable& table) {
  if (table.columns < 2 || !table.sources.empty() || (!table.header.empty() && !table.header.back().empty()))
    return false;
  if (table.data.back().filled > 0 || table.data.back().keep == Keep::input) return false;
  table.data.pop_back();
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
  for (const AddedColumn& column : columns) {
    table.header.push_back(column.name);
    table.sources.push_back(column.source);
    table.added_numbers.push_back(column.numbers);
    if (!column.alias.empty()) table.aliases.emplace_back(column.alias, column.name);
    table.data.emplace_back();
    ++table.columns;
    for (std::size_t row = 0; row < column.cells.size(); ++row) {
      require_utf8(column.cells[row], column.source + ", sample " + std::to_string(row));
      table.append(table.columns - 1, column.cells[row]);
    }
    table.data.back().texts.settle();
  }
}

}  // namespace qmtl
