// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// What IBM's service tells of the emulated backend: GET /backends/{name}/configuration and /properties.
nlohmann::json ibm_configuration(const EmulatorOptions& options);
nlohmann::json ibm_properties(const EmulatorOptions& options, double now);

}  // namespace qmtl
