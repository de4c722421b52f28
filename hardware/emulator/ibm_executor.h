// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// IBM's program "executor" (ibm-quantum-schemas, executor/version_2_0): the parameters of a job become its
/// runs. Throws WireRefusal with the service's codes.
void read_ibm_executor(const SortedJsonField& params, const EmulatorOptions& options, EmulatedJob& job);

/// Its results: for each item a tensor of bits [sweep, shots, bits] a register, bit 0 first. `counts` are as
/// they shall be shown, [run][row].
nlohmann::json ibm_executor_results(const EmulatedJob& job, const std::vector<std::vector<Counts>>& counts,
                                    bool bad_zlib);

}  // namespace qmtl
