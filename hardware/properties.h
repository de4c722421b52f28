// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "hardware/device_gates.h"

namespace qmtl {

/// What is known of one qubit of a device; times in seconds. Nothing: not calibrated.
struct QubitProperties {
  std::optional<double> t1, t2;
  std::optional<double> readout_error;  ///< mean of reading 1 for 0 and 0 for 1
  std::optional<double> readout_length;
  bool operational = true;

  bool operator==(const QubitProperties&) const = default;
};

/// What is known of a gate on particular qubits.
struct GateProperties {
  DeviceGate gate = {};
  int q0 = 0, q1 = -1;
  std::optional<double> error;   ///< average infidelity; 1: the gate does not work
  std::optional<double> length;  ///< seconds
  bool operational = true;

  bool operator==(const GateProperties&) const = default;
};

/// How well a device works, as its calibration says. Empty: nothing is known.
struct DeviceProperties {
  std::vector<QubitProperties> qubits;
  std::vector<GateProperties> gates;  ///< those that programs may hold

  bool known() const { return !qubits.empty(); }
  bool operator==(const DeviceProperties&) const = default;
};

/// Parts of a device that a user does not want to be used.
struct AvoidedParts {
  std::vector<int> qubits;                    ///< ascending
  std::vector<std::pair<int, int>> couplers;  ///< lower qubit first, ascending

  bool empty() const { return qubits.empty() && couplers.empty(); }
  bool operator==(const AvoidedParts&) const = default;
};

}  // namespace qmtl
