// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/wire.h"

#include <fmt/format.h>

#include <cmath>
#include <ctime>

namespace qmtl {

std::string WireRequest::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::string WireRequest::query_or(const std::string& key, const std::string& otherwise) const {
  const auto [first, last] = query.equal_range(key);
  return first == last ? otherwise : std::prev(last)->second;
}

std::vector<std::string> path_segments(const std::string& path) {
  std::vector<std::string> segments;
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at) segments.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return segments;
}

bool path_fits(const std::vector<std::string>& segments, const std::string& pattern,
               std::vector<std::string>& holes) {
  const std::vector<std::string> wanted = path_segments(pattern);
  if (wanted.size() != segments.size()) return false;
  holes.clear();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "{}")
      holes.push_back(segments[i]);
    else if (wanted[i] != segments[i])
      return false;
  }
  return true;
}

std::string iso_time(double seconds) {
  const double whole = std::floor(seconds);
  const std::time_t time = static_cast<std::time_t>(whole);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char day[32];
  std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  return fmt::format("{}.{:03}Z", day, static_cast<int>((seconds - whole) * 1000));
}

}  // namespace qmtl
