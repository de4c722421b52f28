// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// An amplitude encoding that stands in front of everything else on its qubits in the shared stage: a
/// statevector may begin with the numbers over their norm instead of with its gates.
struct AmplitudeStart {
  int encoding = 0;                  ///< number among the whole circuit's encodings
  int numbers = 0;                   ///< that are encoded; the amplitudes behind them are 0
  std::vector<int> angles;           ///< of its rotations, which no other gate reads
  std::vector<int> qubits;           ///< bit k of an amplitude's number is qubits[k]
  std::size_t first = 0, gates = 0;  ///< its gates in the shared stage
  int column = -1;  ///< of an engine's array of angles, from which on the numbers are there; -1: gates run
};

/// States from here on cut their sums among the lanes of registers, and run the gates (row_blocks.h).
inline constexpr int most_start_qubits = 13;

/// The first encoding of the circuit that can be a start: whose gates are the first on its qubits.
std::optional<AmplitudeStart> amplitude_start(const Circuit& circuit);

/// The shared stage without the start's gates.
std::vector<Op> gates_behind(const Circuit& circuit, const AmplitudeStart& start);

}  // namespace qmtl
