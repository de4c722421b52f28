// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "io/sources/csv.h"
#include "io/sources/text_source.h"

namespace qmtl {

/// A cell as the scanner finds it. Where a number was asked for and plainly stands there, it is parsed at
/// once.
struct ScannedCell {
  std::string_view text;  ///< until the next row
  double number = 0;
  bool is_number = false;
};

/// Walks through a text table, row by row, with a few pieces of its text in memory.
class CsvScanner {
 public:
  CsvScanner(NextPiece source, const std::string& file, const CsvDialect& dialect);

  /// Reads the next row that is neither blank nor a comment; false at the end. `line` is that of its first
  /// cell. Where `numbers` has a true for a column, its cell is tried as a number.
  bool next_row(std::vector<ScannedCell>& cells, std::size_t& line, const std::vector<char>& numbers);

  std::uint64_t scanned() const { return dropped_ + at_; }  ///< bytes of text so far

 private:
  bool is_blank(char c) const {
    return (c == ' ' || c == '\t') && (dialect_.whitespace || c != dialect_.delimiter);
  }
  bool at_end_of_line() const { return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r'; }
  bool at_comment() const;
  bool at_delimiter() const;
  void skip_blanks();
  void skip_comment();
  bool skip_line();
  /// Is what follows known only with more of the text?
  bool short_of_text() const { return !ended_ && at_ + margin_ >= text_.size(); }
  void refill(std::size_t from);
  void scan_row(std::vector<ScannedCell>& cells, const std::vector<char>& numbers);
  bool plain_number(ScannedCell& cell);
  std::string_view plain_cell();
  std::string_view quoted_cell();
  bool more_cells();

  NextPiece source_;
  const std::string& file_;
  const CsvDialect& dialect_;
  std::string text_;
  std::array<bool, 256> stops_{};  ///< characters at which an unquoted cell may end
  std::deque<std::string> unescaped_;
  std::size_t at_ = 0, line_ = 1, margin_ = 8;
  std::uint64_t dropped_ = 0;
  bool ended_ = false, begun_ = false, unfinished_ = false, plain_numbers_ = false;
};

}  // namespace qmtl
