// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "runtime/circuit/ansatz/presets.h"

/// What presets are put together from.
namespace qmtl::presets {

using Layers = std::vector<CircuitLayer>;
using PairLists = std::vector<std::vector<int>>;

inline CircuitLayer turn(std::vector<Gate> gates, std::vector<int> qubits = {}) {
  CircuitLayer layer;
  layer.gates = std::move(gates);
  layer.qubits = std::move(qubits);
  return layer;
}

inline CircuitLayer entangle(Gate gate, PairPattern pattern, int range = 1) {
  CircuitLayer layer;
  layer.entangler = gate;
  layer.pattern = pattern;
  layer.range = range;
  return layer;
}

/// No pairs: no gates.
inline CircuitLayer entangle(Gate gate, PairLists pairs) {
  CircuitLayer layer;
  if (pairs.empty()) return layer;
  layer.entangler = gate;
  layer.pairs = std::move(pairs);
  return layer;
}

inline CircuitLayer upload(Gate gate, double factor = 1.0, int first_input = 0) {
  CircuitLayer layer;
  layer.upload = gate;
  layer.factor = factor;
  layer.first_input = first_input;
  return layer;
}

inline CircuitLayer upload_pairs(Gate gate, PairPattern pattern, double factor, bool reflect) {
  CircuitLayer layer = upload(gate, factor);
  layer.pattern = pattern;
  layer.reflect = reflect;
  return layer;
}

inline Layers with_entangler(std::vector<Gate> gates, Gate gate, PairPattern pattern, int range = 1) {
  CircuitLayer layer = entangle(gate, pattern, range);
  layer.gates = std::move(gates);
  return {layer};
}

/// The same with the pattern's pairs of repetition `index`: a layer's own number would also count the uploads
/// that stand in front.
inline Layers with_entangler(std::vector<Gate> gates, Gate gate, PairPattern pattern, int n, int index) {
  PairLists pairs;
  for (const auto& [a, b] : pattern_pairs(pattern, 1, n, index)) pairs.push_back({a, b});
  CircuitLayer layer = entangle(gate, std::move(pairs));
  layer.gates = std::move(gates);
  return {layer};
}

/// Circuits 1 to 19 of Sim, Johnson and Aspuru-Guzik 2019.
std::span<const Preset> sim_circuits();

}  // namespace qmtl::presets
