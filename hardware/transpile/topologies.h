// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "hardware/target.h"

namespace qmtl {

/// Devices of regular shape with all gates and couplings in both directions, named as parse_topology reads
/// them. All throw Error (usage) for sizes below one or above CouplingGraph::max_qubits.

/// Qubits 0 .. qubits - 1 in a row.
DeviceTarget line_target(int qubits);
/// The same, closed; at least three.
DeviceTarget ring_target(int qubits);
/// Qubit row * columns + column is coupled to its neighbours in row and column.
DeviceTarget grid_target(int rows, int columns);
/// The heavy-hexagonal lattice of code distance d (odd), with (5 d^2 - 2 d - 1) / 2 qubits: 19 for 3, 57 for
/// 5, 115 for 7. Numbered as Qiskit's CouplingMap.from_heavy_hex: first d^2 data qubits row by row, then (d +
/// 1)(d - 1) / 2 syndrome qubits, then d (d - 1) flag qubits, each between two data qubits of a row.
DeviceTarget heavy_hex_target(int distance);

/// "line-20", "ring-12", "grid-4x5", "heavy-hex-7". Throws Error (usage) listing the forms.
DeviceTarget parse_topology(std::string_view text);

}  // namespace qmtl
