// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "hardware/program.h"

namespace qmtl {

struct Qasm3Limits {
  int qubits = 4096;  ///< declared, or the highest $n plus one
  std::size_t gates = 1'000'000;
  std::size_t inputs = 100'000;
};

/// Reads straight-line OpenQASM 3: version, include (ignored), input float/angle, qubit and bit registers or
/// $n, gates of stdgates.inc that are products of device gates up to a phase, rzz, barrier (ignored), both
/// forms of measure, at the end of each qubit. Angles are affine in the inputs. Registers follow one another
/// in the order of declaration, qubits and bits alike. A definition of rzz as cx, rz, cx is
/// understood; any other definition, control flow or modifier is refused. Throws Error (data): "NAME:line:
/// reason".
DeviceProgram read_qasm3(std::string_view text, const std::string& name, const Qasm3Limits& limits = {});

}  // namespace qmtl
