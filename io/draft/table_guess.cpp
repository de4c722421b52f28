// SPDX-License-Identifier: Apache-2.0
#include "io/draft/table_guess.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "io/sources/arff.h"
#include "io/sources/csv_scanner.h"
#include "io/sources/file_kind.h"
#include "io/sources/inflate.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

constexpr const char* expected_table = "a table of texts (CSV)";

bool decodes(const std::string& path, const std::string& encoding) {
  try {
    InflatedFile file(path, expected_table);
    TextDecoder decoder(encoding, path);
    ImportReport ignored;
    std::string text;
    for (bool last = false; !last; text.clear()) {
      const std::string_view bytes = file.next();
      last = bytes.empty();
      decoder.decode(bytes, last, text, ignored);
    }
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// "" is UTF-8.
std::string guessed_encoding(const std::string& path, std::string_view head) {
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) return "utf-16";
  std::size_t even = 0, odd = 0;
  for (std::size_t i = 0; i < head.size(); ++i) (i % 2 ? odd : even) += head[i] == '\0';
  if (4 * (even + odd) > head.size()) return odd > even ? "utf-16le" : "utf-16be";
  for (const char* encoding : {"", "windows-1252"})
    if (decodes(path, encoding)) return encoding;
  return "latin-1";
}

/// The first rows of a text as a dialect reads them.
std::vector<std::vector<std::string>> first_rows(const std::string& text, const CsvDialect& dialect) {
  constexpr std::size_t most = 1000;
  const std::string name = "sample";
  CsvScanner scanner(one_piece(text), name, dialect);
  std::vector<std::vector<std::string>> rows;
  std::vector<ScannedCell> cells;
  std::size_t line = 0;
  while (rows.size() < most && scanner.next_row(cells, line, {})) {
    rows.emplace_back();
    for (const ScannedCell& cell : cells) rows.back().emplace_back(cell.text);
  }
  return rows;
}

std::size_t count_numbers(const std::vector<std::vector<std::string>>& rows, const NumberFormat& format) {
  std::size_t count = 0;
  double ignored = 0;
  for (const auto& row : rows)
    for (const std::string& cell : row) count += parse_number(cell, format, ignored);
  return count;
}

/// The signs with which most cells are numbers; of several the customary.
NumberFormat guessed_numbers(const std::vector<std::vector<std::string>>& rows, char delimiter) {
  static const std::vector<NumberFormat> formats{{".", ""},  {",", ""},  {".", ","}, {",", "."},
                                                 {".", " "}, {",", " "}, {".", "'"}};
  NumberFormat best;
  std::size_t most = 0;
  for (const NumberFormat& format : formats) {
    const std::string used = format.decimal + format.thousands;
    if (used.find(delimiter) != std::string::npos) continue;
    if (const std::size_t count = count_numbers(rows, format); count > most) most = count, best = format;
  }
  return best;
}

/// How well rows hang together: the share that has as many cells as most, then the share of numbers.
double quality(const std::vector<std::vector<std::string>>& rows, const NumberFormat& format) {
  std::map<std::size_t, std::size_t> widths;
  std::size_t cells = 0;
  for (const auto& row : rows) {
    ++widths[row.size()];
    cells += row.size();
  }
  if (cells == 0) return 0;
  const auto usual = std::max_element(widths.begin(), widths.end(),
                                      [](const auto& a, const auto& b) { return a.second < b.second; });
  const double share = static_cast<double>(usual->second) / static_cast<double>(rows.size());
  const double numbers = static_cast<double>(count_numbers(rows, format)) / static_cast<double>(cells);
  if (usual->first == 1) return 0.2 * share;
  return std::pow(share, 4) * (1 + numbers) +
         1e-4 * static_cast<double>(std::min<std::size_t>(usual->first, 100));
}

/// Names stand above numbers, or nothing is a number.
bool has_header(const std::vector<std::vector<std::string>>& rows, const NumberFormat& format) {
  bool any = false;
  double ignored = 0;
  for (std::size_t column = 0; column < rows[0].size(); ++column) {
    std::size_t numbers = 0, filled = 0;
    for (std::size_t row = 1; row < rows.size(); ++row) {
      if (column >= rows[row].size() || is_always_missing(rows[row][column])) continue;
      ++filled;
      numbers += parse_number(rows[row][column], format, ignored);
    }
    if (filled == 0 || 10 * numbers < 9 * filled) continue;
    any = true;
    if (!parse_number(rows[0][column], format, ignored) && !is_always_missing(rows[0][column])) return true;
  }
  return !any;
}

}  // namespace

TableGuess guess_table(const std::string& path) {
  InflatedFile file(path, expected_table);
  const std::string head(file.next());
  if (const std::string kind = kind_of_no_table(head); !kind.empty())
    throw data_error(path + ": expected a table, an archive of arrays (NPZ) or a folder of pictures, found " +
                     kind);
  TableGuess guess;
  CsvDialect& dialect = guess.dialect;
  dialect.encoding = guessed_encoding(path, head);
  ImportReport ignored;
  std::string text;
  TextDecoder(dialect.encoding, path).decode(head, head.size() < (1 << 20), text, ignored);
  if (head.size() >= (1 << 20)) text.resize(text.rfind('\n') + 1);
  guess.arff = is_arff(text);
  if (guess.arff) return guess;
  double best = -1;
  std::vector<std::vector<std::string>> rows;
  for (const char* comment : {"", "#", "%", "//"}) {
    if (text.find(comment) == std::string::npos) continue;
    for (char delimiter : {',', '\t', ';', '|', ' ', ':'}) {
      CsvDialect tried = dialect;
      tried.delimiter = delimiter;
      tried.whitespace = delimiter == ' ';
      tried.comment = comment;
      try {
        std::vector<std::vector<std::string>> found = first_rows(text, tried);
        tried.numbers = guessed_numbers(found, tried.whitespace ? ' ' : delimiter);
        const double value = quality(found, tried.numbers);
        // Numbers that only a comment's sign joins are no gain.
        if (value <= best + 1e-9) continue;
        best = value;
        dialect = tried;
        rows = std::move(found);
      } catch (const Error&) {
        continue;  // an open quote, for example: not so
      }
    }
  }
  if (rows.empty()) throw data_error(path + ": expected at least one row of data, found none");
  dialect.header = has_header(rows, dialect.numbers) ? CsvHeader::yes : CsvHeader::no;
  return guess;
}

}  // namespace qmtl
