// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/route.h"

#include <algorithm>
#include <utility>

#include "hardware/transpile/index.h"

namespace qmtl {
namespace {

class Router {
 public:
  Router(std::span<const RoutedOp> ops, const CouplingGraph& graph, std::vector<int> layout,
         const SwapWeights& weights)
      : ops_(ops),
        graph_(graph),
        weights_(weights),
        order_(op_order(ops, static_cast<int>(layout.size()))),
        waiting_(order_.predecessors),
        logical_(at(graph.qubits()), -1),
        groups_(at(graph.qubits())),
        used_(at(graph.qubits()), false),
        recent_(at(graph.qubits()), 0.0) {
    result_.layout = layout;
    result_.final_layout = std::move(layout);
    for (std::size_t q = 0; q < result_.layout.size(); ++q)
      logical_[at(result_.layout[q])] = static_cast<int>(q);
    for (std::size_t i = 0; i < ops.size(); ++i)
      if (waiting_[i] == 0) ready_.push_back(static_cast<int>(i));
  }

  Routing run() {
    // Enough for a few detours; a path across the whole device has fewer steps.
    const int patience = 10 + 2 * static_cast<int>(result_.layout.size());
    int since_progress = 0;
    for (;;) {
      if (execute_ready()) {
        since_progress = 0;
        std::fill(recent_.begin(), recent_.end(), 0.0);
      }
      if (ready_.empty()) return std::move(result_);
      if (++since_progress > patience) {
        bring_together(nearest());
      } else {
        const auto [a, b] = best_swap();
        swap(a, b);
        recent_[at(a)] += weights_.decay;
        recent_[at(b)] += weights_.decay;
      }
    }
  }

 private:
  int place(int qubit) const { return result_.final_layout[at(qubit)]; }
  int length(int i) const {
    const DeviceOp& op = ops_[at(i)].op;
    return graph_.distance(place(op.q0), place(op.q1));
  }

  void emit(const RoutedOp& op) {
    const int index = static_cast<int>(result_.ops.size());
    for (int qubit : {op.op.q0, op.op.q1})
      if (qubit >= 0) {
        groups_[at(qubit)].add(index, gate_axis(op, qubit));
        if (op.gate) used_[at(qubit)] = true;
      }
    result_.ops.push_back(op);
  }

  bool execute_ready() {
    bool any = false;
    for (std::vector<int> before; before != ready_;) {
      before = ready_;
      std::vector<int> now = std::exchange(ready_, {});
      for (int i : now) {
        RoutedOp op = ops_[at(i)];
        if (op.two_qubits() && length(i) != 1) {
          ready_.push_back(i);
          continue;
        }
        op.op.q0 = place(op.op.q0);
        if (op.two_qubits()) op.op.q1 = place(op.op.q1);
        emit(op);
        any = true;
        for (int next : order_.successors[at(i)])
          if (--waiting_[at(next)] == 0) ready_.push_back(next);
      }
      std::sort(ready_.begin(), ready_.end());
    }
    return any;
  }

  /// Two-qubit gates behind the ready ones, nearest first.
  std::vector<int> coming() const {
    constexpr std::size_t window = 20;
    std::vector<int> found, queue = ready_;
    std::vector<int> waiting = waiting_;
    for (std::size_t k = 0; k < queue.size() && found.size() < window; ++k)
      for (int next : order_.successors[at(queue[k])])
        if (--waiting[at(next)] == 0) {
          queue.push_back(next);
          if (ops_[at(next)].two_qubits()) found.push_back(next);
        }
    return found;
  }

  void swap(int a, int b) {
    emit({{DeviceGate{}, a, b, {}}, false, true});
    ++result_.swaps;
    std::swap(logical_[at(a)], logical_[at(b)]);
    const bool was_used = used_[at(a)];
    used_[at(a)] = used_[at(b)];
    used_[at(b)] = was_used;
    for (int physical : {a, b})
      if (logical_[at(physical)] >= 0) result_.final_layout[at(logical_[at(physical)])] = physical;
  }

  /// Entangling gates beyond those that are there: a qubit in |0> saves one, a gate on the pair two.
  int swap_cost(int a, int b) const {
    if (!used_[at(a)] && !used_[at(b)]) return 0;
    if (!used_[at(a)] || !used_[at(b)]) return 2;
    for (int i : groups_[at(a)].members()) {
      const DeviceOp& op = result_.ops[at(i)].op;
      const auto others = groups_[at(b)].members();
      if ((op.q0 == b || op.q1 == b) && std::find(others.begin(), others.end(), i) != others.end()) return 1;
    }
    return 3;
  }

  struct Weighed {
    int a, b;  ///< physical qubits of a gate
    double weight;
  };

  std::pair<int, int> best_swap() const {
    std::vector<std::vector<Weighed>> gates(at(graph_.qubits()));
    double total = 0.0;
    const auto add = [&](const std::vector<int>& list, double weight) {
      for (int i : list) {
        const int a = place(ops_[at(i)].op.q0), b = place(ops_[at(i)].op.q1);
        const Weighed gate{a, b, weight / static_cast<double>(list.size())};
        gates[at(a)].push_back(gate);
        gates[at(b)].push_back(gate);
        total += gate.weight * graph_.distance(a, b);
      }
    };
    add(ready_, 1.0);
    add(coming(), weights_.ahead);

    std::vector<char> front(at(graph_.qubits()), false);
    for (int i : ready_) front[at(place(ops_[at(i)].op.q0))] = front[at(place(ops_[at(i)].op.q1))] = true;
    std::pair<int, int> best{-1, -1};
    double best_score = 0.0;
    for (int a = 0; a < graph_.qubits(); ++a) {
      if (!front[at(a)]) continue;
      for (int b : graph_.neighbours(a)) {
        if (front[at(b)] && b < a) continue;
        const auto moved = [&](int q) { return q == a ? b : q == b ? a : q; };
        double change = 0.0;
        for (int end : {a, b})
          for (const Weighed& gate : gates[at(end)])
            change += gate.weight *
                      (graph_.distance(moved(gate.a), moved(gate.b)) - graph_.distance(gate.a, gate.b));
        // A gate on the pair itself stands in both lists, but its length stays.
        const double score = (total + change) * (1.0 + std::max(recent_[at(a)], recent_[at(b)])) +
                             weights_.cost * swap_cost(a, b) / static_cast<double>(ready_.size());
        // Rounding must not decide between equals.
        if (best.first < 0 || score < best_score - 1e-9) best = {a, b}, best_score = score;
      }
    }
    return best;
  }

  int nearest() const {
    return *std::min_element(ready_.begin(), ready_.end(),
                             [&](int a, int b) { return std::pair(length(a), a) < std::pair(length(b), b); });
  }

  void bring_together(int i) {
    const DeviceOp& op = ops_[at(i)].op;
    while (length(i) > 1) {
      const int from = place(op.q0), to = place(op.q1);
      for (int next : graph_.neighbours(from))
        if (graph_.distance(next, to) < graph_.distance(from, to)) {
          swap(from, next);
          break;
        }
    }
  }

  std::span<const RoutedOp> ops_;
  const CouplingGraph& graph_;
  const SwapWeights weights_;
  OpOrder order_;
  std::vector<int> waiting_, ready_;
  std::vector<int> logical_;  ///< of each physical qubit, or -1
  std::vector<CommutingGroup> groups_;
  std::vector<char> used_;  ///< physical qubits that gates have acted on
  std::vector<double> recent_;
  Routing result_;
};

}  // namespace

Routing route(std::span<const RoutedOp> ops, const CouplingGraph& graph, std::vector<int> layout,
              const SwapWeights& weights) {
  return Router(ops, graph, std::move(layout), weights).run();
}

}  // namespace qmtl
