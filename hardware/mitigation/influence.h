// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "hardware/mitigation/row_reading.h"
#include "hardware/program.h"

namespace qmtl {

/// A Pauli that acts with exp(rate (P . P - 1)) behind an operation: the generator of an error. Paulis are
/// I X Y Z = 0 1 2 3; a generator of one qubit has q1 = -1.
struct ErrorGenerator {
  std::size_t after = 0;  ///< number of the operation
  int q0 = 0, q1 = -1;
  int pauli0 = 0, pauli1 = 0;
  double rate = 0.0;
};

/// For each generator a bound of how much of an output's observable anticommutes with it, of any state and
/// for all rows: an error of that Pauli with probability p changes the output by at most 2 p times that. The
/// observable is pushed back through the program as a sum of Pauli strings with bounds of their coefficients
/// (of angles that depend on inputs the largest cosine and sine among the rows; no cancellation between
/// strings is counted on), none of which is above the observable's own norm. Beyond `most_influence_strings`
/// strings or 64 qubits only which qubits can matter is followed. Zero says that the error cannot matter.
std::vector<double> influences(const DeviceProgram& program, const ReadOutput& output, std::size_t rows,
                               std::span<const double> values, std::span<const ErrorGenerator> generators);
inline constexpr std::size_t most_influence_strings = 4096;

}  // namespace qmtl
