// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/report/format.h"

#include <fmt/format.h>

#include <cmath>
#include <ctime>

#include "runtime/base/text.h"

namespace qmtl::report {
namespace {

constexpr const char* undefined = "–";

/// Commas between groups of three digits before the point.
std::string separated(std::string digits) {
  std::size_t end = digits.find('.');
  if (end == std::string::npos) end = digits.size();
  const std::size_t first = digits.starts_with('-') || digits.starts_with('+') ? 1 : 0;
  for (std::size_t at = end; at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

int score_decimals(double value) { return std::abs(value) < 10 ? 4 : std::abs(value) < 1000 ? 2 : 1; }

}  // namespace

std::string number(double value) {
  if (!std::isfinite(value)) return undefined;
  const double size = std::abs(value);
  if (size == 0) return "0";
  if (size < 1e-4 || size >= 1e9) return fmt::format("{:.2e}", value);
  const int digits = static_cast<int>(std::floor(std::log10(size))) + 1;
  std::string text = qmtl::fixed(value, digits >= 4 ? 0 : 4 - digits);
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return separated(std::move(text));
}

std::string count(std::int64_t value) { return separated(std::to_string(value)); }

std::string fixed(double value, int decimals) {
  return std::isfinite(value) ? separated(qmtl::fixed(value, decimals)) : undefined;
}

std::string score(double value) {
  if (!std::isfinite(value)) return undefined;
  return separated(qmtl::fixed(value, score_decimals(value)));
}

std::string score_with_deviation(double mean, double deviation) {
  if (!std::isfinite(mean) || !std::isfinite(deviation)) return score(mean);
  return score(mean) + " ± " + separated(qmtl::fixed(deviation, score_decimals(mean)));
}

std::string signed_score(double value) {
  if (!std::isfinite(value)) return undefined;
  return separated(fmt::format("{:+.{}f}", value, score_decimals(value)));
}

std::string probability(double p) {
  if (!std::isfinite(p)) return undefined;
  return p < 0.001 ? "< 0.001" : qmtl::fixed(p, 3);
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds)) return undefined;
  if (seconds < 1e-3) return number(seconds * 1e6) + " µs";
  if (seconds < 1) return number(seconds * 1e3) + " ms";
  if (seconds < 100) return qmtl::fixed(seconds, 1) + " s";
  const auto whole = std::llround(seconds);
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return count(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

std::string moment(double since_1970) {
  const auto seconds = static_cast<std::time_t>(since_1970);
  std::tm parts{};
  char text[64];
  if (!std::isfinite(since_1970) || std::abs(since_1970) > 1e11 || !gmtime_r(&seconds, &parts) ||
      std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
    return undefined;
  return text;
}

std::string bytes(double value) {
  if (!std::isfinite(value)) return undefined;
  const char* const units[] = {" B", " kB", " MB", " GB", " TB", " PB"};
  std::size_t unit = 0;
  while (std::abs(value) >= 1000 && unit + 1 < std::size(units)) {
    value /= 1000;
    ++unit;
  }
  return (unit ? qmtl::fixed(value, 1) : significant(value, 4)) + units[unit];
}

}  // namespace qmtl::report
