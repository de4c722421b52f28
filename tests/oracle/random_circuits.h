// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/circuit/ansatz/ansatz.h"

/// Circuits of every gate, angle and observable, fixed by a seed.
namespace qmtl::oracle {

class RandomCircuits {
 public:
  explicit RandomCircuits(std::uint64_t seed) : state_(seed * 2 + 1) {}

  /// At most `qubits` qubits and about `gates` gates in the stage and in each of up to three blocks.
  AnsatzSpec next(int qubits, int gates) {
    AnsatzSpec spec;
    spec.qubits = 1 + below(qubits);
    spec.stage = {layer(spec.qubits, 2 + below(gates), true)};
    const int blocks = 1 + below(3);
    spec.block_outputs.clear();
    for (int b = 0; b < blocks; ++b) {
      BlockSpec block;
      block.key = "task.t" + std::to_string(b);
      const int size = 1 + below(spec.qubits);
      for (int i = 0, first = below(spec.qubits); i < size; ++i)
        block.qubits.push_back((first + i) % spec.qubits);
      block.layers = {layer(size, below(gates), below(4) == 0)};
      block.bare = block.layers[0].ops.empty();
      if (block.bare) block.layers.clear();
      const int outputs = 1 + below(3);
      for (int o = 0; o < outputs; ++o) block.observables.push_back(observable(size));
      spec.block_outputs.push_back(outputs);
      spec.blocks.push_back(std::move(block));
    }
    return spec;
  }

 private:
  int below(int count) {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<int>((state_ >> 33) % static_cast<std::uint64_t>(count));
  }
  double number() { return (below(4001) - 2000) / 1000.0; }

  CircuitLayer layer(int qubits, int gates, bool inputs) {
    CircuitLayer made;
    int trained = 0;
    if (inputs) made.ops.push_back({Gate::rx, {0}, {input_number(0)}});
    for (int g = 0; g < gates; ++g) {
      const GateInfo& row =
          gate_table[static_cast<std::size_t>(below(static_cast<int>(enumerators<Gate>())))];
      if (row.arity > qubits) continue;
      GateUse use{row.gate, {}, {}};
      while (static_cast<int>(use.qubits.size()) < row.arity) {
        const int qubit = below(qubits);
        if (std::find(use.qubits.begin(), use.qubits.end(), qubit) == use.qubits.end())
          use.qubits.push_back(qubit);
      }
      for (int a = 0; a < row.angles; ++a) use.angles.push_back(angle(inputs, trained));
      made.ops.push_back(std::move(use));
    }
    return made;
  }

  Expression angle(bool inputs, int& trained) {
    Expression made;
    switch (below(inputs ? 6 : 3)) {
      case 0:
        return {half_pi * below(5), {}};
      case 1:
        return {number(), {}};
      case 2:
        return {number() * below(2), {{1.0 + below(2), trained++, {}}}};
      case 3:
        return {number(), {{number(), -1, {below(3)}}, {1.0, trained++, {}}}};
      case 4:
        return {0.0, {{number(), -1, {below(3), below(3)}}}};
      default:
        return {0.0, {{1.0, trained++, {below(3)}}, {1.0, below(trained), {}}}};
    }
  }

  std::string observable(int qubits) {
    std::string text;
    const int terms = 1 + below(3);
    for (int t = 0; t < terms; ++t) {
      if (t) text += below(2) ? " + " : " - ";
      text += below(4) == 0 ? "w" : std::to_string(0.25 + 0.25 * below(4));
      std::string paulis;
      for (int q = 0; q < qubits; ++q)
        if (below(2)) paulis += std::string(" ") + "XYZ"[below(3)] + std::to_string(q);
      text += paulis.empty() ? " Z" + std::to_string(below(qubits)) : paulis;
    }
    return text;
  }

  std::uint64_t state_;
};

}  // namespace qmtl::oracle
