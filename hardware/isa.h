// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hardware/endpoint.h"
#include "hardware/program.h"
#include "hardware/target.h"

namespace qmtl {

/// Why a device cannot execute the program as it is (its size, gates, pairs, or numbers of qubits that are
/// not the device's own although those matter), "" if it can. cz and rzz are the same either way round.
std::string isa_problem(const DeviceProgram& program, const DeviceTarget& target);

/// Where a rotation of a pair turns by an angle outside [0, pi/2], which devices that have it lack: the row
/// and the angle; "" if none does.
std::string pair_angle_problem(const Sweep& sweep);

}  // namespace qmtl
