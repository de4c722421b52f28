// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "hardware/program.h"
#include "hardware/transpile/coupling_graph.h"
#include "hardware/transpile/device_quality.h"

namespace qmtl {

/// What a program asks of the places of its qubits, wherever they are.
struct PlacementPattern {
  struct Pair {
    int a = 0, b = 0;
    std::array<int, device_gates.size()> gates{};  ///< how many of each kind
  };
  struct Qubit {
    std::array<int, device_gates.size()> gates{};  ///< those on one qubit
    bool read = false;
    double waiting = 0;  ///< seconds
  };
  std::vector<Qubit> qubits;
  std::vector<Pair> pairs;  ///< no pair of qubits twice

  /// Of a program written in a device's gates; `qubits` of it, which are those of the pattern in this order,
  /// hold all that it acts on.
  PlacementPattern(const DeviceProgram& program, const std::vector<int>& qubits,
                   const DeviceQuality& quality);
};

/// Places for a pattern's qubits with every pair on coupled qubits, with the smallest sum of error_cost that
/// a bounded search finds. Deterministic.
class PlacementSearch {
 public:
  PlacementSearch(const PlacementPattern& pattern, const CouplingGraph& graph, const DeviceQuality& quality);

  /// Depth first from every qubit of the device, cheapest places first, cutting off what cannot become better
  /// than the best so far. Proves that there is no better one unless its budget ends before.
  void search();
  /// Takes these places to begin with, if they are the best so far.
  void offer(const std::vector<int>& places);
  /// Takes neighbouring qubits off their places, a few at a time, and puts them back in the best way.
  void improve();

  /// Empty if nothing was found.
  const std::vector<int>& best() const { return best_; }
  double cost() const { return best_cost_; }

 private:
  double pair_cost(const PlacementPattern::Pair& pair, int a, int b) const;
  double added_cost(int qubit, int physical) const;
  bool fits(int qubit, int physical) const;
  void begin(const std::vector<int>& places, const std::vector<char>& free, int root);
  void descend(std::size_t depth, double cost);
  void put(int qubit, int physical);
  void take_off(int qubit);

  const PlacementPattern& pattern_;
  const CouplingGraph& graph_;
  const CouplingGraph shape_;                    ///< the pattern's pairs
  std::vector<std::vector<std::size_t>> pairs_;  ///< of each qubit of the pattern, indices of its pairs
  std::vector<std::vector<double>> node_cost_;   ///< [qubit of the pattern][physical]
  std::vector<std::vector<double>> edge_cost_;   ///< [index of the pair's kind][place in the graph's lists]
  std::vector<std::size_t> kind_;                ///< of each pair: equal numbers of gates cost the same
  std::vector<std::size_t> first_edge_;          ///< of each physical qubit in the graph's lists
  std::vector<double> least_node_, least_pair_;  ///< cheapest places
  std::vector<int> usable_;                      ///< physical qubits
  std::vector<int> best_;
  double best_cost_;

  // of the search under way
  std::vector<int> place_, order_;  ///< -1: not placed; the order in which those are tried that are free
  std::vector<double> ahead_;       ///< [depth]: lower bound of what is still to be added
  std::vector<char> taken_;
  long budget_ = 0;  ///< places that may still be looked at
};

}  // namespace qmtl
