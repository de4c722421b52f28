// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "runtime/circuit/cones/cones.h"
#include "runtime/circuit/wire_index.h"

namespace qmtl {

/// Finds causal cones in a circuit, each in a time that grows with the cone and not with the circuit.
class ConeFinder {
 public:
  /// Keeps the reference.
  explicit ConeFinder(const Circuit& circuit);
  /// cone_of the listed blocks.
  Cone operator()(const std::vector<int>& blocks) const;

 private:
  const Circuit& circuit_;
  WireIndex shared_;
  std::vector<int> first_output_;  ///< of every block, and behind the last
};

}  // namespace qmtl
