// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace qmtl {

/// A request as the emulator sees it, and its answer: no sockets in them, so that tests can ask directly.
struct WireRequest {
  std::string method;  ///< upper case
  std::string path;    ///< decoded, without the query
  std::multimap<std::string, std::string> query;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  std::string header(const std::string& name) const;
  /// The last value given, or `otherwise`.
  std::string query_or(const std::string& key, const std::string& otherwise) const;
};

/// Where a connection is cut instead of answering.
enum class WireCut : std::uint8_t { none, unanswered, halfway };

struct WireReply {
  int status = 200;
  std::string body;
  std::string type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  WireCut cut = WireCut::none;
  std::size_t blanks = 0;  ///< sent before the body
  double delay = 0;        ///< seconds before anything is sent
};

/// Segments between the slashes; empty ones are left out.
std::vector<std::string> path_segments(const std::string& path);
/// Whether segments fit a pattern such as "/jobs/{}/results"; those at {} go to `holes`.
bool path_fits(const std::vector<std::string>& segments, const std::string& pattern,
               std::vector<std::string>& holes);

/// Seconds since 1970 as "2026-01-31T12:00:00.000Z".
std::string iso_time(double seconds);

}  // namespace qmtl
