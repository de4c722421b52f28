// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "hardware/program.h"
#include "runtime/circuit/qasm/reader.h"

namespace qmtl {

/// A program and how its classical bits are named.
struct ReadCircuit {
  DeviceProgram program;
  std::vector<QasmRegister> registers;  ///< from classical bit 0 on
  /// For each bit of the registers, one after the other, the program's classical bit, or -1 if it is never
  /// read and stays 0. Empty: they are the program's bits.
  std::vector<int> readings = {};
};

/// A circuit as it was read as a program for devices. Throws Error (data), `name` in front, for arrays as
/// inputs.
DeviceProgram device_program(QasmProgram program, const std::string& name);

/// Reads straight-line OpenQASM 3 (runtime/circuit/qasm/reader.h) as a program for devices: gates that
/// devices do not have become those that they are made of, up to a phase. Angles are affine in the inputs,
/// which are single numbers. Throws Error (data): "NAME:line:column: reason".
DeviceProgram read_qasm3(std::string_view text, const std::string& name, const QasmLimits& limits = {});
ReadCircuit read_qasm3_circuit(std::string_view text, const std::string& name, const QasmLimits& limits = {});

}  // namespace qmtl
