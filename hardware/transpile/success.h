// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "hardware/program.h"
#include "hardware/transpile/device_quality.h"

namespace qmtl {

/// The estimated probability that one execution meets no error: products of 1 - error. A bound in practice,
/// not a prediction of scores: errors add up less badly where readouts look at few qubits.
struct SuccessEstimate {
  double gates = 1.0;
  double readout = 1.0;
  double waiting = 1.0;  ///< of qubits between their gates, and before readings

  double product() const { return gates * readout * waiting; }
};

/// Of a program on the device's qubits. Gates are executed as late as possible, all readings at the end.
SuccessEstimate estimate_success(const DeviceProgram& program, const DeviceQuality& quality);

/// Seconds that each qubit waits between its gates or before its reading, if every gate takes as long as the
/// middle one of its kind, wherever the qubits are: [program.qubits].
std::vector<double> waiting_times(const DeviceProgram& program, const DeviceQuality& quality);

}  // namespace qmtl
