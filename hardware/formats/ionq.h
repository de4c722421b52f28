// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "hardware/program.h"
#include "hardware/target.h"

namespace qmtl {

/// What a circuit's gates are: "qis", which the service compiles, or those of its devices ("native"), whose
/// gate of two qubits is ms (Aria) or zz (Forte).
enum class IonqGates { qis, ms, zz };

struct IonqGatesName {
  std::string_view name, gateset;
  IonqGates gates;
};
inline constexpr std::array<IonqGatesName, 3> ionq_gates{
    {{"qis", "qis", IonqGates::qis}, {"ms", "native", IonqGates::ms}, {"zz", "native", IonqGates::zz}}};

/// What a program is transpiled for so that it can be written in such gates: all pairs are coupled, and a
/// rotation of a pair may have any angle. For qis a target that takes every program as it is.
DeviceTarget ionq_target(IonqGates gates);

/// The gates of a bound program as the array `circuit` of IonQ's JSON (API v0.4). There is no measurement:
/// all qubits are read at the end. Throws Error (usage) for a program with inputs or delays.
///
/// qis: rotations in radians; cz as h, cnot, h and rzz as cnot, rz, cnot.
///
/// native: phases and angles in turns; gpi2(p) = RZ(p) SX RZ(-p), gpi(p) = RZ(p) X RZ(-p), zz(t) = RZZ(t) and
/// ms(p, q, t) = RXX(t) between the same turns of its qubits. Z rotations become phases of what follows them
/// and are left out before the readings. Takes programs of one-qubit gates and rzz, throws Error (usage) for
/// others.
nlohmann::ordered_json ionq_circuit(const DeviceProgram& program, IonqGates gates = IonqGates::qis);

/// How many qubits the circuit's JSON states: of a program for a device those up to the last that it uses.
int ionq_width(const DeviceProgram& program);

/// Input of a single-circuit job: {qubits, gateset, circuit}.
nlohmann::ordered_json ionq_input(const DeviceProgram& program, IonqGates gates = IonqGates::qis);

/// Input of a multi-circuit job: {qubits, gateset, circuits: [{name, qubits, circuit}]}.
nlohmann::ordered_json ionq_inputs(std::span<const DeviceProgram> programs, IonqGates gates = IonqGates::qis);

}  // namespace qmtl
