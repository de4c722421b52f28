// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "io/runs/checkpoint.h"
#include "runtime/model/data.h"

namespace qmtl {

/// What is in a data set or checkpoint: for `inspect`, and for `import` about what it made.
nlohmann::ordered_json dataset_json(const Dataset& data, const std::string& file);
std::string dataset_text(const Dataset& data, const std::string& file);
nlohmann::ordered_json checkpoint_json(const Checkpoint& checkpoint, const std::string& file);
std::string checkpoint_text(const Checkpoint& checkpoint, const std::string& file);

}  // namespace qmtl
