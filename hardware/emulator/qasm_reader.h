// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hardware/program.h"
#include "runtime/circuit/qasm/reader.h"

namespace qmtl {

/// Reads straight-line OpenQASM 3 (runtime/circuit/qasm/reader.h) as a program for devices: gates that
/// devices do not have become those that they are made of, up to a phase. Angles are affine in the inputs,
/// which are single numbers. Throws Error (data): "NAME:line:column: reason".
DeviceProgram read_qasm3(std::string_view text, const std::string& name, const QasmLimits& limits = {});

}  // namespace qmtl
