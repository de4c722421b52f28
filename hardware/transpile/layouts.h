// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hardware/transpile/coupling_graph.h"
#include "hardware/transpile/routed_op.h"

namespace qmtl {

/// A place on the device for every qubit of a program, to begin with.
struct LayoutCandidate {
  std::string
      kind;  ///< how it was found: "identity", "chains", "subgraph", "spares", "folded", "line", "search"
  std::vector<int> layout;
};

/// Layouts worth trying, the most regular first. Every pair is coupled in the first ones if such were found:
/// then they are the only ones. Rings that are no cycle of the device are put on a longer cycle with spare
/// qubits between, folded onto a path, or laid along a path.
std::vector<LayoutCandidate> layout_candidates(std::span<const RoutedOp> ops, int qubits,
                                               const CouplingGraph& graph);

/// Compact places in many variants, for a search that improves them.
std::vector<int> compact_layout(std::span<const RoutedOp> ops, int qubits, const CouplingGraph& graph,
                                int variant);

}  // namespace qmtl
