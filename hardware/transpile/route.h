// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "hardware/transpile/coupling_graph.h"
#include "hardware/transpile/routed_op.h"

namespace qmtl {

/// What guides the choice of swaps; different programs like different weights.
struct SwapWeights {
  double ahead = 0.5;   ///< of gates that come later, against those that are ready
  double decay = 0.01;  ///< for each recent swap of a qubit: spreads swaps, so that they run side by side
  double cost = 0.0;    ///< of a swap's entangling gates (one to three)
};

struct Routing {
  std::vector<RoutedOp> ops;  ///< on the device's qubits, coupled ones only
  std::vector<int> layout;    ///< logical -> physical at the start
  std::vector<int> final_layout;
  int swaps = 0;
};

/// Inserts swaps until every two-qubit gate is on coupled qubits: the swap whose neighbourhood of ready and
/// coming gates is shortest (SABRE: Li, Ding and Xie, "Tackling the qubit mapping problem for NISQ-era
/// quantum devices", 2019), gates that commute being ready together. After swaps without success the nearest
/// ready gate is brought together directly, so it always ends. `layout` lies in one connected part.
Routing route(std::span<const RoutedOp> ops, const CouplingGraph& graph, std::vector<int> layout,
              const SwapWeights& weights);

}  // namespace qmtl
