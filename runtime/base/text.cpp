// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace qmtl {

std::string printable(std::string_view text, std::size_t most) {
  std::string result(text.substr(0, most));
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return result;
}

std::string significant(double value, int digits) { return fmt::format("{:.{}g}", value, digits); }

std::string fixed(double value, int decimals) { return fmt::format("{:.{}f}", value, decimals); }

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string text_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const std::vector<std::string>& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], characters(row[c]) + 2);
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t c = 0; c + 1 < row.size(); ++c)
      text += row[c] + std::string(widths[c] - characters(row[c]), ' ');
    text += (row.empty() ? "" : row.back()) + "\n";
  }
  return text;
}

}  // namespace qmtl
