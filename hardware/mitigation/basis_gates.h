// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "hardware/program.h"
#include "hardware/target.h"

namespace qmtl {

/// Whether programs may hold the gate (an empty basis holds every gate).
bool in_basis(std::span<const DeviceGate> basis, DeviceGate gate);

/// A program without gates on the target that reads `qubits`; physical where the target has a basis or
/// a coupling map.
DeviceProgram empty_program(const std::string& name, std::span<const int> qubits, const DeviceTarget& target);

/// x on a qubit from the gates of a basis, up to a global phase. Throws Error (usage) if it has none of x,
/// sx, rx and ry.
std::vector<DeviceOp> flip(int qubit, std::span<const DeviceGate> basis);

/// The inverse of an operation from the gates of a basis, up to a global phase, in order of execution. With a
/// basis, rzz keeps its angle, which devices allow in 0 .. pi/2 only. Throws Error (usage) as flip does.
std::vector<DeviceOp> inverse(const DeviceOp& op, std::span<const DeviceGate> basis);

}  // namespace qmtl
