// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <queue>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// A list of gates by the qubits that they act on, so that what reaches a few qubits of a wide circuit is
/// found without reading all of it.
class WireIndex {
 public:
  WireIndex(const std::vector<Op>& ops, int qubits) : last_(static_cast<std::size_t>(qubits), -1) {
    gates_.reserve(ops.size());
    for (const Op& op : ops) {
      const int number = static_cast<int>(gates_.size());
      Gate gate{{op.q0, op.q1}, {-1, -1}};
      for (std::size_t side : {0u, 1u})
        if (gate.qubits[side] >= 0) gate.before[side] = last_[static_cast<std::size_t>(gate.qubits[side])];
      for (int qubit : gate.qubits)
        if (qubit >= 0) last_[static_cast<std::size_t>(qubit)] = number;
      gates_.push_back(gate);
    }
  }

  /// Calls visit(number) from the last gate to the first for those that act on a qubit of `start`, or on one
  /// that `reached(qubit)` holds for after a later gate was visited.
  template <class Reached, class Visit>
  void walk_back(const std::vector<int>& start, Reached reached, Visit visit) const {
    std::priority_queue<int> next;
    const auto put = [&](int number) {
      if (number >= 0) next.push(number);
    };
    for (int qubit : start) put(last_[static_cast<std::size_t>(qubit)]);
    while (!next.empty()) {
      const int number = next.top();
      while (!next.empty() && next.top() == number) next.pop();
      visit(static_cast<std::size_t>(number));
      const Gate& gate = gates_[static_cast<std::size_t>(number)];
      for (std::size_t side : {0u, 1u})
        if (gate.qubits[side] >= 0 && reached(gate.qubits[side])) put(gate.before[side]);
    }
  }

 private:
  struct Gate {
    std::array<int, 2> qubits, before;  ///< the gate before it on each; -1: none
  };
  std::vector<int> last_;  ///< on each qubit
  std::vector<Gate> gates_;
};

}  // namespace qmtl
