// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// Names of the emulated device's qubits: QB1, QB2, ...
std::vector<std::string> iqm_qubits(const EmulatorOptions& options);
/// Its coupled pairs by number, each once; all pairs without a coupling.
std::vector<std::pair<int, int>> iqm_pairs(const EmulatorOptions& options);

/// Reads the body of IQM's POST /jobs/{computer}/circuit: circuits of prx, cz, measure and barrier; angles in
/// radians, or in turns under the older names angle_t and phase_t. Its tag is the circuits' metadata
/// "qmtl_tag", if they have one. Throws WireRefusal.
std::shared_ptr<EmulatedJob> read_iqm_job(const nlohmann::json& body, const EmulatorOptions& options);

}  // namespace qmtl
