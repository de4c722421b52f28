// SPDX-License-Identifier: Apache-2.0
#include "io/draft/column_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>

#include "io/import/values.h"
#include "io/sources/text_encoding.h"

namespace qmtl {
namespace {

constexpr std::size_t most_counted = 1000, most_categories = 50;

bool is_called_id(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name == "id" || name == "index" || name.empty() || name.starts_with("unnamed:") ||
         name.ends_with("_id") || name.ends_with(" id") || name == "uuid" || name == "key";
}

}  // namespace

void ColumnProfile::add(std::string_view cell, const NumberFormat& format) {
  ++rows;
  if (is_always_missing(cell)) {
    ++missing;
    counting = false;
    return;
  }
  if (!many) {
    ++counts[std::string(cell)];
    many = counts.size() > most_counted;
  }
  double value = 0;
  if (parse_number(cell, format, value) && std::isfinite(value)) {
    ++numbers;
    least = std::min(least, value);
    most = std::max(most, value);
    whole = whole && value == std::floor(value);
    counting = counting && whole && (rows == 1 ? value == 0 || value == 1 : value == previous_ + 1);
    previous_ = value;
  } else {
    counting = false;
    blanks = blanks || cell.find(' ') != cell.npos;
  }
  if (unique && !seen_.insert(std::hash<std::string_view>{}(cell)).second) {
    unique = false;
    seen_ = {};
  }
}

std::vector<std::string> ColumnProfile::missing_words() const {
  std::vector<std::string> words;
  for (const auto& [text, count] : counts)
    if (means_missing(text)) words.push_back(text);
  std::sort(words.begin(), words.end());
  return words;
}

std::size_t ColumnProfile::all_missing() const {
  std::size_t count = missing;
  for (const std::string& word : missing_words()) count += counts.at(word);
  return count;
}

bool ColumnProfile::is_number() const { return numbers > 0 && numbers == rows - all_missing(); }

std::vector<std::string> ColumnProfile::values(const NumberFormat& format) const {
  std::vector<std::string> texts;
  for (const auto& [text, count] : counts)
    if (!means_missing(text)) texts.push_back(text);
  std::sort(texts.begin(), texts.end());
  if (!is_number()) return texts;
  const auto value = [&](const std::string& text) {
    double number = 0;
    parse_number(text, format, number);
    return number;
  };
  std::stable_sort(texts.begin(), texts.end(),
                   [&](const std::string& a, const std::string& b) { return value(a) < value(b); });
  return texts;
}

ColumnKind ColumnProfile::kind() const {
  const std::size_t filled = rows - all_missing(), different = counts.size() - missing_words().size();
  if (filled == 0) return ColumnKind::empty;
  if (different == 1 && !many) return ColumnKind::constant;
  if (unique && rows > 2 && (counting || is_called_id(name))) return ColumnKind::id;
  if (is_number()) return ColumnKind::number;
  if (!many && different <= most_categories && (2 * different <= filled || different <= 10))
    return ColumnKind::category;
  return unique && !blanks && rows > 2 ? ColumnKind::id : ColumnKind::text;
}

std::string ColumnProfile::described(const NumberFormat& format) const {
  const std::size_t different = counts.size() - missing_words().size();
  std::string text;
  switch (kind()) {
    case ColumnKind::empty:
      return "empty";
    case ColumnKind::constant:
      text = "the same everywhere: " + shown(values(format)[0]);
      break;
    case ColumnKind::id:
      text = "id-like: every row has its own";
      break;
    case ColumnKind::number:
      text = fmt::format("{}number, {:g} to {:g}", whole ? "whole " : "", least, most);
      if (!many && different <= 20) text += fmt::format(", {} different", different);
      break;
    case ColumnKind::text:
      text = many ? fmt::format("texts, more than {} different", most_counted)
                  : fmt::format("texts, {} different", different);
      break;
    case ColumnKind::category: {
      const std::vector<std::string> all = values(format);
      text = fmt::format("{} categories:", all.size());
      for (std::size_t i = 0; i < std::min<std::size_t>(all.size(), 8); ++i)
        text += fmt::format("{} {} ({})", i ? "," : "", shown(all[i], 30), counts.at(all[i]));
      if (all.size() > 8) text += ", ...";
    }
  }
  if (const std::size_t none = all_missing(); none > 0) {
    text += fmt::format(", {:.2g} % missing", 100.0 * static_cast<double>(none) / static_cast<double>(rows));
    std::string words;
    for (const std::string& word : missing_words()) words += (words.empty() ? " (" : ", ") + shown(word, 20);
    if (!words.empty()) text += words + ")";
  }
  return text;
}

}  // namespace qmtl
