// SPDX-License-Identifier: Apache-2.0
#include "io/sources/csv_scanner.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// The end of a number such as -12.345, or null. With at most 2^53 as digits and 10^22 as divisor both are
/// exact, so that their quotient is the nearest double (Clinger 1990), as from_chars gives it, but sooner.
const char* short_decimal(const char* at, const char* end, double& value) {
  static constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr std::uint64_t most = std::uint64_t{1} << 53;
  const bool negative = at < end && *at == '-';
  at += negative;
  std::uint64_t digits = 0;
  const char* const first = at;
  const auto read = [&] {
    for (; at < end && static_cast<unsigned char>(*at - '0') < 10 && digits <= most; ++at)
      digits = 10 * digits + static_cast<unsigned char>(*at - '0');
  };
  read();
  std::ptrdiff_t count = at - first, decimals = 0;
  if (at < end && *at == '.') {
    const char* const point = at++;
    read();
    decimals = at - point - 1;
    count += decimals;
  }
  if (count == 0 || digits > most || decimals > 22) return nullptr;
  value = static_cast<double>(digits) / powers[decimals];
  if (negative) value = -value;
  return at;
}

}  // namespace

CsvScanner::CsvScanner(NextPiece source, const std::string& file, const CsvDialect& dialect)
    : source_(std::move(source)), file_(file), dialect_(dialect) {
  margin_ += dialect.comment.size();
  plain_numbers_ = dialect.numbers.decimal == ".";
  for (char c : {'\n', '\r'}) stops_[static_cast<unsigned char>(c)] = true;
  if (!dialect.comment.empty()) stops_[static_cast<unsigned char>(dialect.comment[0])] = true;
  if (dialect.whitespace)
    stops_[' '] = stops_['\t'] = true;
  else
    stops_[static_cast<unsigned char>(dialect.delimiter)] = true;
}

bool CsvScanner::at_comment() const {
  return !dialect_.comment.empty() && std::string_view(text_).substr(at_).starts_with(dialect_.comment);
}
bool CsvScanner::at_delimiter() const {
  return at_ < text_.size() &&
         (dialect_.whitespace ? is_blank(text_[at_]) : text_[at_] == dialect_.delimiter);
}
void CsvScanner::skip_blanks() {
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
}
void CsvScanner::skip_comment() {
  while (!at_end_of_line()) ++at_;
}

/// Drops what lies before `from` and appends so much that the rest at least doubles: rows that do not fit are
/// scanned again, which stays linear so.
void CsvScanner::refill(std::size_t from) {
  constexpr std::size_t most_row = std::size_t{1} << 30;
  text_.erase(0, from);
  dropped_ += from;
  at_ = 0;
  if (text_.size() > most_row)
    throw data_error(file_ + ":" + std::to_string(line_) +
                     ": expected rows of less than a gigabyte, found a " +
                     "longer one; is a quote open, or is this no table?");
  // Three bytes, as a byte order mark has, to begin with.
  const std::size_t enough = 2 * text_.size() + 3;
  while (text_.size() < enough && !ended_) ended_ = !source_(text_);
  if (begun_) return;
  begun_ = true;
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

/// Steps over a blank line or a comment; false where a row begins.
bool CsvScanner::skip_line() {
  const std::size_t begin = at_;
  if (!dialect_.comment.empty() || dialect_.whitespace) skip_blanks();
  if (at_comment()) {
    skip_comment();
  } else if (!at_end_of_line()) {
    if (!dialect_.whitespace) at_ = begin;
    return false;
  }
  if (short_of_text()) {
    at_ = begin;
    return false;
  }
  if (at_ < text_.size()) line_ += text_[at_++] == '\n';
  return at_ < text_.size();
}

bool CsvScanner::next_row(std::vector<ScannedCell>& cells, std::size_t& line,
                          const std::vector<char>& numbers) {
  while (true) {
    while (skip_line()) {
    }
    const std::size_t begin = at_, line_before = line_;
    if (begun_ && (ended_ || !short_of_text())) {
      if (at_ >= text_.size()) return false;
      line = line_;
      unfinished_ = false;
      scan_row(cells, numbers);
      if (!unfinished_ && !short_of_text()) return true;
      line_ = line_before;
    }
    refill(begin);
  }
}

void CsvScanner::scan_row(std::vector<ScannedCell>& cells, const std::vector<char>& numbers) {
  std::size_t count = 0;
  unescaped_.clear();
  do {
    if (count == cells.size()) cells.emplace_back();
    ScannedCell& cell = cells[count];
    cell.is_number = false;
    if (count >= numbers.size() || !numbers[count] || !plain_numbers_ || !plain_number(cell)) {
      const std::size_t begin = at_;
      skip_blanks();
      if (at_ < text_.size() && text_[at_] == '"') {
        cell.text = quoted_cell();
      } else {
        at_ = begin;
        cell.text = plain_cell();
      }
    }
    ++count;
  } while (!unfinished_ && more_cells());
  cells.resize(count);
}

/// A finite number that ends where its cell does, as nearly all do.
bool CsvScanner::plain_number(ScannedCell& cell) {
  const char *begin = text_.data() + at_, *end = text_.data() + text_.size();
  const auto ends = [&](const char* at) {
    return at && at != end &&
           (*at == '\n' || *at == '\r' ||
            (dialect_.whitespace ? *at == ' ' || *at == '\t' : *at == dialect_.delimiter));
  };
  const char* after = short_decimal(begin, end, cell.number);
  if (!ends(after)) {
    const auto parsed = std::from_chars(begin, end, cell.number);
    after = parsed.ptr;
    if (parsed.ec != std::errc{} || !ends(after) || !std::isfinite(cell.number)) return false;
  }
  at_ += static_cast<std::size_t>(after - begin);
  cell.text = std::string_view(begin, static_cast<std::size_t>(after - begin));
  cell.is_number = true;
  return true;
}

std::string_view CsvScanner::plain_cell() {
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

std::string_view CsvScanner::quoted_cell() {
  const std::size_t opened = line_, begin = ++at_;
  std::size_t end = begin;
  bool doubled = false;
  while (true) {
    if (short_of_text()) unfinished_ = true;
    if (at_ >= text_.size()) {
      if (unfinished_) return {};
      throw data_error(file_ + ":" + std::to_string(opened) + ": a quoted cell begins here and never ends");
    }
    const char c = text_[at_++];
    if (c == '"') {
      end = at_ - 1;
      if (at_ >= text_.size() || text_[at_] != '"') break;
      doubled = true;
      ++at_;
    }
    line_ += c == '\n';
  }
  if (!dialect_.whitespace) skip_blanks();
  if (!at_end_of_line() && !at_delimiter() && !at_comment()) {
    unfinished_ = unfinished_ || short_of_text();
    if (unfinished_) return {};
    throw data_error(file_ + ":" + std::to_string(line_) + ": expected " +
                     (dialect_.whitespace ? std::string("a blank")
                                          : std::string("the delimiter '") + dialect_.delimiter + "'") +
                     " or the end of the line after a quoted cell, found '" +
                     shown(std::string_view(text_).substr(at_, 4), 4) + "'");
  }
  const std::string_view cell = std::string_view(text_).substr(begin, end - begin);
  if (!doubled) return cell;
  std::string& plain = unescaped_.emplace_back();
  for (std::size_t i = 0; i < cell.size(); ++i) {
    plain += cell[i];
    i += cell[i] == '"';
  }
  return plain;
}

/// After a cell: steps over the delimiter (true) or the end of the line (false).
bool CsvScanner::more_cells() {
  if (dialect_.whitespace) {
    skip_blanks();
    if (!at_end_of_line() && !at_comment()) return true;
  }
  if (at_comment()) skip_comment();
  if (at_ >= text_.size()) return false;
  // A file may end right behind a delimiter: one more, empty cell.
  if (!dialect_.whitespace && text_[at_] == dialect_.delimiter) {
    ++at_;
    return true;
  }
  if (text_[at_] == '\r') ++at_;
  if (at_ < text_.size() && text_[at_] == '\n') ++at_;
  ++line_;
  return false;
}

}  // namespace qmtl
