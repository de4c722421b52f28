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

/// The program of a job's `input` or of one entry of its `circuits` (then with the qubits of the job); reads
/// every qubit, bit i is qubit i. h, cnot, h in a row is cz. Throws Error (data) naming the gate's number and
/// what was expected: for anything that is not of the gateset qis, more than `max_gates` gates, `max_qubits`
/// qubits.
DeviceProgram read_ionq(const nlohmann::json& input, const std::string& name, int qubits = 0,
                        int max_qubits = 1024, std::size_t max_gates = 1'000'000);

}  // namespace qmtl
