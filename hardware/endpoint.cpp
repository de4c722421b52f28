// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoint.h"

namespace qmtl {

std::int64_t DeviceJob::executions() const {
  std::int64_t rows = 0;
  for (const Sweep& sweep : sweeps) rows += static_cast<std::int64_t>(sweep.rows);
  return rows * shots;
}

namespace {
[[noreturn]] void no_sessions() {
  throw EndpointError(EndpointFault::refused, "this kind of endpoint has no sessions");
}
}  // namespace

std::string Endpoint::open_session(std::optional<double>) { no_sessions(); }
void Endpoint::use_session(const std::string&) { no_sessions(); }
DeviceSession Endpoint::session(const std::string&) { no_sessions(); }
void Endpoint::close_session(const std::string&) { no_sessions(); }

std::string_view name(JobState state) {
  switch (state) {
    case JobState::queued:
      return "queued";
    case JobState::running:
      return "running";
    case JobState::completed:
      return "completed";
    case JobState::failed:
      return "failed";
    case JobState::cancelled:
      return "cancelled";
  }
  return "";
}

}  // namespace qmtl
