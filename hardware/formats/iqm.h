// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "hardware/program.h"

namespace qmtl {

/// What a device of IQM executes: rotations about axes in the X-Y plane and CZ; those about Z are changes of
/// phase that the writer keeps.
inline constexpr DeviceGate iqm_basis[] = {device_rotation("Z"), device_rotation("X"),
                                           device_gate_by_name("cz").value()};

/// A bound program as IQM's circuit {name, instructions: [{name, locus, args}]}: gates prx {angle, phase} in
/// radians, prx(t, p) = RZ(p) RX(t) RZ(-p), and cz; one measurement {key: "c"} of the program's readings,
/// classical bit c at place c. RZ in front of a rotation turns that one's phase, and behind the last one
/// changes nothing that is read. `names`: of the device's qubits. Throws Error (usage) for a program with
/// inputs, with other gates than rotations about X, Y, Z, their pulses and cz, or with more qubits than
/// names.
nlohmann::ordered_json iqm_circuit(const DeviceProgram& program, std::span<const std::string> names);

}  // namespace qmtl
