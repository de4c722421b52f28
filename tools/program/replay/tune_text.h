// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tools/workflows/replay/tune.h"

namespace qmtl {

// What `qmtl replay tune` prints; tools/REFERENCE.md lists the fields.

nlohmann::ordered_json tune_json(const TuneForecast& forecast);
nlohmann::ordered_json tune_json(const TuneOutcome& outcome);
std::string tune_text(const TuneOutcome& outcome);

}  // namespace qmtl
