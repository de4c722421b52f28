// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// Reads the body of IBM's POST /jobs: parameters as dictionaries, nested arrays or packed numpy arrays.
/// Throws WireRefusal with the service's codes.
std::shared_ptr<EmulatedJob> read_ibm_job(const nlohmann::json& body, const EmulatorOptions& options);

/// Reads a PUB's parameter values in any of these forms as the run's rows.
void read_ibm_values(const SortedJsonField& field, std::size_t most_bytes, EmulatedRun& run);

}  // namespace qmtl
