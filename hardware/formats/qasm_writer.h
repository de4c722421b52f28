// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hardware/program.h"

namespace qmtl {

/// OpenQASM 3.0. A logical program declares qubits q and includes stdgates.inc (with a definition of rzz
/// where it is used); a physical one names $n and holds nothing but gates of the device. Inputs are `input
/// float[64]`; readings go to the register c, bit by bit.
std::string write_qasm3(const DeviceProgram& program);

/// A bound program in the OpenQASM 3 that Amazon Braket takes: without include and definitions, in its names
/// of gates (cnot, v, zz). Throws Error (usage) for inputs, delays or a device's qubits: Braket compiles.
std::string write_braket(const DeviceProgram& program);

/// OpenQASM 2.0 of a bound program: registers q and c, angles with 17 digits. Throws Error (usage) for a
/// program with inputs.
std::string write_qasm2(const DeviceProgram& program);

}  // namespace qmtl
