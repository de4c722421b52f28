// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "hardware/emulator/qasm_reader.h"

namespace qmtl {

/// Reads the circuits of a QPY file, versions 13 to 18: what IBM's clients send. Straight lines of gates that
/// the gate table (gates.h) has, with measurements at the end of each qubit; barriers and delays do nothing.
/// Qubit numbers are the device's. Files of several circuits need version 16. Throws Error (data), naming the
/// byte, for all else.
std::vector<ReadCircuit> read_qpy(std::string_view bytes, const QasmLimits& limits = {});

}  // namespace qmtl
