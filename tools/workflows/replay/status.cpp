// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/status.h"

#include "tools/workflows/replay/endpoint_file.h"
#include "tools/workflows/replay/folder.h"

namespace qmtl {

ReplayStatus status_of(const std::string& folder, const std::string& identity, const ReplayJournal& journal,
                       double spent) {
  ReplayStatus status{folder, identity, {}, spent};
  for (const JobRecord& record : journal.jobs())
    status.jobs.push_back({record.last, record.spent(), std::nullopt, ""});
  return status;
}

ReplayStatus replay_status(const ReplayPlace& place) {
  const std::string identity = replay_identity(place.request, place.kept_plan().value_or(""));
  const ReplayJournal journal = look_at_journal(place.folder, identity);
  const double held = look_at_sessions(place.folder, identity).beyond(journal.spent_in_sessions());
  ReplayStatus status = status_of(place.folder, identity, journal, journal.spent() + held);
  std::unique_ptr<Endpoint> endpoint;
  for (ReplayStatus::Job& job : status.jobs) {
    if (job.last.state != ReplayState::submitted || place.request.endpoint.empty()) continue;
    try {
      if (!endpoint) endpoint = make_endpoint(read_endpoint(place.request.endpoint));
      job.service = endpoint->status(job.last.ids.front());
    } catch (const EndpointError& error) {
      job.service_error = error.what();
    }
  }
  return status;
}

}  // namespace qmtl
