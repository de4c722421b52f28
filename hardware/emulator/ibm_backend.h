// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// What IBM's service tells of the emulated backend: GET /backends/{name}/configuration and /properties.
nlohmann::json ibm_configuration(const EmulatorOptions& options);
nlohmann::json ibm_properties(const EmulatorOptions& options, double now);

/// The device that properties of a backend describe: its qubits, gates and calibrated pairs. Throws Error
/// (data) naming `file`.
DeviceTarget target_of_properties(const std::string& properties, const std::string& file);

}  // namespace qmtl
