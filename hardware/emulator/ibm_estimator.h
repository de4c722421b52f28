// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// IBM's program "estimator" (version 2): each Pauli string of a PUB's observables becomes a run that reads
/// it, with shots for the precision asked for. Mitigation is accepted and not done. Throws WireRefusal.
void read_ibm_estimator(const SortedJsonField& params, const EmulatorOptions& options, EmulatedJob& job);

/// Its results: evs and stds of each PUB, in the shape to which observables and parameter values broadcast.
nlohmann::json ibm_estimator_results(const EmulatedJob& job, const EmulatorOptions& options,
                                     const std::vector<std::vector<Counts>>& counts);

}  // namespace qmtl
