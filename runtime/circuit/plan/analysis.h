// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// Findings from pushing every readout back through the circuit (Heisenberg picture, exact on supports: a
/// gate that commutes with every Pauli string an output can contain has no effect on it).
struct Analysis {
  std::vector<int> dead_params;  ///< parameters whose gradient is identically zero, ascending
  std::vector<int> dead_angles;  ///< sample angles that no output depends on, ascending
  /// One sentence per finding for the user: dead parameters by name, entanglers that cancel each other (CZ
  /// twice in a row on the same pair), fixed gates that no readout sees.
  std::vector<std::string> warnings;
};

/// `names` are the parameters' readable names (ParamLayout::names); may be empty.
Analysis analyse(const Circuit& circuit, const std::vector<std::string>& names = {});

}  // namespace qmtl
