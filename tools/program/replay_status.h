// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "hardware/replay/journal.h"
#include "tools/workflows/replay/session.h"

namespace qmtl {

/// What would be sent: jobs, programs, executions, gates, depth, cost, queue and time, by the endpoint's own
/// estimates.
nlohmann::ordered_json replay_plan_json(const ReplaySession& session, const std::string& folder);
std::string replay_plan_table(const nlohmann::ordered_json& json);

/// Where every job stands. With an `endpoint` (file or kind) it is asked after the jobs that it has.
nlohmann::ordered_json replay_status_json(const std::string& folder, const std::string& identity,
                                          const ReplayJournal& journal, const std::string& endpoint);
std::string replay_status_table(const nlohmann::ordered_json& json);

}  // namespace qmtl
