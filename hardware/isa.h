// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hardware/program.h"
#include "hardware/target.h"

namespace qmtl {

/// Why a device cannot execute the program as it is (its size, gates, pairs, or numbers of qubits that are
/// not the device's own although those matter), "" if it can. cz and rzz are the same either way round.
std::string isa_problem(const DeviceProgram& program, const DeviceTarget& target);

}  // namespace qmtl
