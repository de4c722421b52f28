// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "hardware/emulator/emulation.h"
#include "hardware/properties.h"

namespace qmtl {

/// The gates of the emulated device: its basis, or all.
std::vector<DeviceGate> emulated_gates(const DeviceTarget& target);

/// How well the emulated device works, as its services tell: what the properties say that it was given, else
/// what follows from its noise model. Pairs that no coupling lists have the general noise of their gate, told
/// of (0, 1).
DeviceProperties emulated_properties(const EmulatorOptions& options);

}  // namespace qmtl
