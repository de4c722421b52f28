// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <iterator>

namespace qmtl {

std::string printable(std::string_view text, std::size_t most) {
  std::string result(text.substr(0, most));
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return result;
}

std::string significant(double value, int digits) { return fmt::format("{:.{}g}", value, digits); }

std::string shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string fixed(double value, int decimals) { return fmt::format("{:.{}f}", value, decimals); }

namespace {

/// The bytes of the UTF-8 sequence that `text` begins with and its code point; no bytes where there is none.
std::size_t decode(std::string_view text, std::uint32_t& point) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  point = byte(0);
  if (point < 0x80) return 1;
  const std::size_t size = point >= 0xF0 ? 4 : point >= 0xE0 ? 3 : 2;
  if (point < 0xC2 || point > 0xF4 || text.size() < size) return 0;
  point &= 0x7Fu >> size;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3Fu);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xD800 && point < 0xE000;
  return point < least[size] || point > 0x10FFFF || surrogate ? 0 : size;
}

/// Columns of a terminal that a character takes: none for marks on the one before, two for the wide ones of
/// East Asia and pictures (Unicode Standard Annex 11; the ranges are those of {fmt}).
std::size_t columns_of(std::uint32_t point) {
  struct Range {
    std::uint32_t first, last;
  };
  constexpr Range marks[] = {
      {0x300, 0x36F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
  constexpr Range wide[] = {{0x1100, 0x115F},   {0x2329, 0x232A},  {0x2E80, 0x303E},   {0x3040, 0xA4CF},
                            {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},  {0xFE10, 0xFE19},   {0xFE30, 0xFE6F},
                            {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF},
                            {0x20000, 0x2FFFD}, {0x30000, 0x3FFFD}};
  const auto holds = [point](const Range& range) { return range.first <= point && point <= range.last; };
  if (std::any_of(std::begin(marks), std::end(marks), holds)) return 0;
  return std::any_of(std::begin(wide), std::end(wide), holds) ? 2 : 1;
}

/// Of a text.
std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    std::uint32_t point = 0;
    const std::size_t size = decode(text, point);
    columns += size == 0 ? 1 : columns_of(point);  // a byte that is no text is shown as one character
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return columns;
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string text_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const std::vector<std::string>& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], columns_of(row[c]) + 2);
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t c = 0; c + 1 < row.size(); ++c)
      text += row[c] + std::string(widths[c] - columns_of(row[c]), ' ');
    text += (row.empty() ? "" : row.back()) + "\n";
  }
  return text;
}

namespace {

bool obeyed(std::uint32_t point) {
  return (point < 0x20 && point != '\n' && point != '\t') || (point >= 0x7F && point < 0xA0) ||
         (point >= 0x200E && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
         (point >= 0x2066 && point <= 0x2069);
}

}  // namespace

std::string visible(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    std::uint32_t point = 0;
    const std::size_t size = decode(text, point);
    if (size == 0) {
      shown += "\xEF\xBF\xBD";
    } else if (obeyed(point)) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(point & 0xFFFF));
      shown += code;
    } else {
      shown += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return shown;
}

}  // namespace qmtl
