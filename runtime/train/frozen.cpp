// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/frozen.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

struct Pattern {
  std::string text, key, name;
  std::size_t first = 0, last = 0;
  bool range = false;
};

/// "first:last" as two numbers, or nothing.
std::optional<std::pair<std::size_t, std::size_t>> parse_range(std::string_view text) {
  std::size_t first = 0, last = 0;
  const char* const end = text.data() + text.size();
  const auto one = std::from_chars(text.data(), end, first);
  if (one.ec != std::errc{} || one.ptr == end || *one.ptr != ':') return std::nullopt;
  const auto two = std::from_chars(one.ptr + 1, end, last);
  if (two.ec != std::errc{} || two.ptr != end) return std::nullopt;
  return std::pair(first, last);
}

Pattern parse(const std::string& text, std::size_t index) {
  Pattern pattern{text, "train.frozen[" + std::to_string(index) + "] = \"" + text + "\"", text};
  const std::size_t open = text.rfind('[');
  if (open == std::string::npos || !text.ends_with(']')) return pattern;
  const auto range = parse_range(std::string_view(text).substr(open + 1, text.size() - open - 2));
  if (!range) return pattern;
  pattern.name = text.substr(0, open);
  pattern.first = range->first;
  pattern.last = range->second;
  pattern.range = true;
  return pattern;
}

bool matches(const Pattern& pattern, const ParamInfo& param) {
  return param.name == pattern.name || (!pattern.range && param.name.starts_with(pattern.name + "."));
}

/// Marks the pattern's elements of one tensor.
void mark(const Pattern& pattern, const ParamInfo& param, std::vector<bool>& frozen) {
  const std::size_t columns = param.shape.empty() ? 1 : param.shape.back();
  const std::size_t first = pattern.range ? pattern.first : 0, last = pattern.range ? pattern.last : columns;
  if (pattern.range && (first >= last || last > columns))
    throw usage_error(pattern.key + ": expected a range inside 0:" + std::to_string(columns) +
                      ", the last dimension of " + param.name);
  for (std::size_t i = 0; i < param.size; ++i)
    if (i % columns >= first && i % columns < last) frozen[param.offset + i] = true;
}

std::string names_of(const std::vector<ParamInfo>& params) {
  std::string text;
  for (const ParamInfo& param : params) text += (text.empty() ? "" : ", ") + param.name;
  return text;
}

}  // namespace

std::vector<ParamInfo> trained_params(const std::vector<ParamInfo>& params,
                                      const std::vector<std::string>& frozen) {
  if (frozen.empty()) return params;
  std::vector<bool> marked(params.empty() ? 0 : params.back().offset + params.back().size, false);
  for (std::size_t i = 0; i < frozen.size(); ++i) {
    const Pattern pattern = parse(frozen[i], i);
    bool found = false;
    for (const ParamInfo& param : params)
      if (matches(pattern, param)) {
        mark(pattern, param, marked);
        found = true;
      }
    if (!found)
      throw usage_error(pattern.key +
                        ": expected the name of a parameter, the beginning of names up to a dot, or "
                        "name[first:last]; the model has: " +
                        names_of(params));
  }
  std::vector<ParamInfo> trained;
  for (const ParamInfo& param : params) {
    const std::size_t end = param.offset + param.size;
    for (std::size_t at = param.offset; at < end;) {
      std::size_t last = at;
      while (last < end && !marked[last]) ++last;
      if (last > at) {
        ParamInfo piece = param;
        piece.offset = at;
        piece.size = last - at;
        if (piece.size != param.size) piece.shape = {piece.size};
        trained.push_back(std::move(piece));
      }
      at = std::max(last, at + 1);
    }
  }
  if (trained.empty())
    throw usage_error("train.frozen freezes every parameter of the model: there is nothing left to train");
  return trained;
}

std::size_t count_numbers(const std::vector<ParamInfo>& params) {
  std::size_t count = 0;
  for (const ParamInfo& param : params) count += param.size;
  return count;
}

}  // namespace qmtl
