// SPDX-License-Identifier: Apache-2.0
#include "io/sources/numbers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace qmtl {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// +- 0.digits * 10^exponent, the first and the last digit not 0; zero has no digits.
struct Decimal {
  bool negative = false;
  std::string digits;
  long long exponent = 0;
};

bool parse_decimal(std::string_view text, Decimal& number) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    number.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::size_t at = 0, seen = 0;
  bool point = false;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    ++seen;
    if (number.digits.empty() && text[at] == '0')
      number.exponent -= point ? 1 : 0;
    else {
      number.digits += text[at];
      number.exponent += point ? 0 : 1;
    }
  }
  if (seen == 0) return false;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') return false;
    text.remove_prefix(at + 1);
    const bool down = text.starts_with('-');
    if (down || text.starts_with('+')) text.remove_prefix(1);
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return false;
    // Far more digits than any double has; more would overflow.
    constexpr long long most = 1000000000000;
    long long power = most;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), power);
    if (parsed.ec != std::errc{} || power > most) power = most;
    number.exponent += down ? -power : power;
  }
  while (number.digits.ends_with('0')) number.digits.pop_back();
  if (number.digits.empty()) number = {};
  return true;
}

/// The text with '.' and without thousands signs, or "" where these stand in wrong places.
std::string plain_number(std::string_view text, const NumberFormat& format) {
  std::string plain;
  std::size_t group = 0, groups = 0;  // digits since the last thousands sign, and how many signs there were
  bool whole = true;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (whole && !format.thousands.empty() && rest.starts_with(format.thousands)) {
      if (group == 0 || group > 3 || (groups > 0 && group != 3)) return "";
      group = 0;
      ++groups;
      at += format.thousands.size();
      continue;
    }
    if (whole && !is_digit(rest[0]) && !(at == 0 && (rest[0] == '-' || rest[0] == '+'))) {
      if (groups > 0 && group != 3) return "";
      whole = false;
      if (rest.starts_with(format.decimal)) {
        plain += '.';
        at += format.decimal.size();
        continue;
      }
    }
    if (rest[0] == '.') return "";
    group += is_digit(rest[0]);
    plain += rest[0];
    ++at;
  }
  return whole && groups > 0 && group != 3 ? "" : plain;
}

}  // namespace

bool parse_number(std::string_view text, double& value) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return false;
  }
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ptr != text.data() + text.size() || text.empty()) return false;
  if (parsed.ec == std::errc::result_out_of_range) {
    Decimal number;
    if (!parse_decimal(text, number)) return false;
    value = number.exponent < 0 ? 0.0 : std::numeric_limits<double>::infinity();
    if (number.negative) value = -value;
    return true;
  }
  return parsed.ec == std::errc{};
}

bool parse_number(std::string_view text, const NumberFormat& format, double& value) {
  if (format.decimal == "." && format.thousands.empty()) return parse_number(text, value);
  return parse_number(plain_number(text, format), value);
}

std::string canonical_number(std::string_view text) {
  Decimal number;
  if (!parse_decimal(text, number)) return "";
  return (number.negative ? "-." : ".") + number.digits + "e" + std::to_string(number.exponent);
}

}  // namespace qmtl
