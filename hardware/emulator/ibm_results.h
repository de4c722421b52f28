// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// IBM's results of a job: plain samples, or with `tagged` (support_qiskit) the types of Qiskit with packed
/// arrays. `counts` are as they shall be shown, [run][row].
nlohmann::json ibm_results(const EmulatedJob& job, const std::vector<std::vector<Counts>>& counts,
                           bool tagged, bool bad_zlib);

/// A value as Qiskit's clients write its type beside it.
nlohmann::json typed(const char* type, nlohmann::json value);
/// Damages base64(zlib(...)) behind the stream's header of two bytes.
void damage_zlib(std::string& packed);

}  // namespace qmtl
