// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tools/workflows/replay/forecast.h"
#include "tools/workflows/replay/status.h"

namespace qmtl {

// What `qmtl replay` and `qmtl forecast` print; tools/REFERENCE.md lists the fields.

nlohmann::ordered_json replay_plan_json(const ReplayForecast& forecast);
std::string replay_plan_table(const ReplayForecast& forecast);

nlohmann::ordered_json replay_status_json(const ReplayStatus& status);
std::string replay_status_table(const ReplayStatus& status);

/// A score or an end of its interval; "-" where there is none.
std::string score_text(const nlohmann::ordered_json& value);

/// The scores that are foretold of one plan: its tasks, then their mean.
std::string foreseen_table(const nlohmann::ordered_json& plan);
/// What `qmtl forecast` found, for people.
std::string score_forecast_text(const nlohmann::ordered_json& json);

/// replay.json for people.
std::string replay_text(const nlohmann::ordered_json& json);

}  // namespace qmtl
