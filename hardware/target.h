// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "hardware/program.h"
#include "hardware/properties.h"

namespace qmtl {

/// What a device can execute: its qubits, native gates and which pairs have two-qubit gates.
struct DeviceTarget {
  std::string name;
  int qubits = 0;                             ///< 0: as many as asked for
  std::vector<DeviceGate> basis;              ///< empty: every gate of device_gates
  std::vector<std::pair<int, int>> coupling;  ///< directed pairs; empty: all pairs
  std::vector<std::string> unsupported = {};  ///< its other basis gates, for messages
  DeviceProperties properties = {};           ///< of its qubits and gates, where it tells them
  AvoidedParts avoided = {};                  ///< by the user's wish
  /// Rotations of a pair may have any angle, also one that an input brings; else 0 .. pi/2, known beforehand.
  bool any_pair_angle = false;

  bool operator==(const DeviceTarget&) const = default;
};

}  // namespace qmtl
