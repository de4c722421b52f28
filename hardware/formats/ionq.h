// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "hardware/program.h"

namespace qmtl {

/// The gates of a bound program as the array `circuit` of IonQ's gateset "qis" (API v0.4): rotations in
/// radians; cz as h, cnot, h and rzz as cnot, rz, cnot. There is no measurement: all qubits are read at the
/// end. Throws Error (usage) for a program with inputs.
nlohmann::ordered_json ionq_circuit(const DeviceProgram& program);

/// Input of a single-circuit job: {qubits, gateset, circuit}.
nlohmann::ordered_json ionq_input(const DeviceProgram& program);

/// Input of a multi-circuit job: {qubits, gateset, circuits: [{name, qubits, circuit}]}.
nlohmann::ordered_json ionq_inputs(std::span<const DeviceProgram> programs);

}  // namespace qmtl
