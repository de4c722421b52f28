// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hardware/endpoint.h"
#include "hardware/replay/journal.h"
#include "tools/workflows/replay/place.h"

namespace qmtl {

/// Where every job of a replay stands.
struct ReplayStatus {
  struct Job {
    JournalEntry last;  ///< the journal's
    double spent = 0;
    std::optional<JobStatus> service;  ///< what the service says, where it was asked
    std::string service_error;         ///< or why it did not
  };

  std::string folder, identity;
  std::vector<Job> jobs;
  double spent = 0;  ///< of all, in the endpoint's unit
};

/// From the journal alone; `spent`: with what sessions have cost.
ReplayStatus status_of(const std::string& folder, const std::string& identity, const ReplayJournal& journal,
                       double spent);

/// Of a replay that another process may be working on; its endpoint is asked after the jobs that it has.
ReplayStatus replay_status(const ReplayPlace& place);

}  // namespace qmtl
