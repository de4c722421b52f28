// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "hardware/transpile/coupling_graph.h"

namespace qmtl {

/// `free[q]`: physical qubit q may be taken.
using FreeQubits = std::vector<char>;

/// A simple cycle of exactly `length` >= 3 coupled qubits, in order, grown from a short cycle by detours from
/// several places; empty if it finds none. Deterministic; the effort is bounded.
std::vector<int> find_cycle(const CouplingGraph& graph, const FreeQubits& free, int length);

/// A simple path of `length` >= 1 qubits, likewise.
std::vector<int> find_path(const CouplingGraph& graph, const FreeQubits& free, int length);

/// Physical qubits for 0 .. qubits - 1 so that every pair is coupled; empty if the bounded search finds none.
std::vector<int> find_subgraph(const CouplingGraph& graph, std::span<const std::pair<int, int>> pairs,
                               int qubits);

}  // namespace qmtl
