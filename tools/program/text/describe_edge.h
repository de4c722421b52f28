// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "io/edge/file.h"

namespace qmtl {

/// A head file for people and programs.
nlohmann::ordered_json edge_json(const EdgeSummary& summary, const std::string& file);
std::string edge_text(const nlohmann::ordered_json& about);

}  // namespace qmtl
