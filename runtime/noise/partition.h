// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "runtime/noise/noisy.h"
#include "runtime/noise/program.h"

namespace qmtl {

/// One Z-string of one output.
struct PartString {
  int output = 0;
  std::vector<int> bits;  ///< positions among the part's measured qubits
  double weight = 1.0;
  int weight_param = -1;
};
/// Its place in a spectrum: bit i is measured qubit i.
std::size_t mask_of(const PartString& string);
/// What it counts in its output, with the circuit's parameters.
double weight_of(const PartString& string, std::span<const double> params);

/// A part to simulate: its program, and the outputs' Z-strings that are read from it.
struct NoisyRun {
  NoisyPart about;
  Program program;
  std::vector<PartString> strings;
};

/// Cuts a circuit into parts and picks each one's method. Exact expectations are simulated per set of qubits
/// that Z-strings need, where that costs less than the whole register; everything else per block.
std::vector<NoisyRun> make_parts(const Circuit& circuit, const NoiseTable& noise,
                                 const NoisyOptions& options);

}  // namespace qmtl
