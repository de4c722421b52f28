// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "hardware/endpoint.h"
#include "runtime/circuit/circuit.h"
#include "runtime/noise/noise_model.h"

namespace qmtl {

/// A device's program as a circuit of the simulator: one block whose register is what is measured, classical
/// bit 0 first. Global phases are dropped.
///
/// Which noise acts: x and sx are one pulse of rx; rzz has the noise of one two-qubit gate, that of cz if the
/// model has any, else of cx; cx and cz have each other's where the model knows one of them, as a device has
/// one two-qubit gate of its own; every other gate its own.
///
/// While a qubit waits (after its first gate, for the other qubit of a gate, as the program's delays say, and
/// for the readings, which are all at one time; every gate as soon as its qubits are free) it turns about Z
/// where the model says that its frequency is off.
struct DeviceCircuit {
  DeviceCircuit(const DeviceProgram& program, const NoiseModel& noise);

  Circuit circuit;
  std::vector<double> constants;  ///< its parameters: angles that no input reaches
  std::vector<AngleSum> sums;     ///< its sample angles, of the program's inputs
  /// A turn of a qubit that waited: constants[constant] for one execution.
  struct IdleTurn {
    std::size_t constant;
    int qubit;
    double seconds;
  };
  std::vector<IdleTurn> idle;
  std::vector<int> cone;  ///< measured qubits, then the others that can reach them

  /// [rows, circuit.angles] for the rows of a sweep of the program.
  std::vector<double> angles(const Sweep& sweep) const;
  /// The constants with the idle turns of one execution: offsets[qubit] in Hz.
  std::vector<double> constants_at(std::span<const double> offsets) const;
};

/// The lengths of a program's gates alone, as noise_for chooses them.
NoiseTable gate_lengths(const DeviceProgram& program, const NoiseModel& model);
/// What a gate takes on a device, seconds; rz takes none.
double device_seconds(const DeviceOp& op, const NoiseTable& lengths);

/// The noise model for one program: entries of gates that it does not hold are left out. Where it has x or sx
/// but no rx, rx has the noise of one pulse (a properties file that calibrates only pulses gives rotations
/// two); with both, each is as noisy as rx.
NoiseModel noise_for(const DeviceProgram& program, const NoiseModel& model);

}  // namespace qmtl
