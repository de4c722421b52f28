// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/layout_search.h"

#include <utility>

#include "hardware/program_stats.h"
#include "hardware/transpile/index.h"
#include "hardware/transpile/layouts.h"
#include "hardware/transpile/wires.h"

namespace qmtl {
namespace {

double cost_of(const LayoutTask& task, const TranspileResult& result) {
  const double expected =
      result.two_qubit_gates + task.options.idle_cost * task.program.qubits * result.two_qubit_depth;
  if (!task.quality || !task.quality->known()) return expected;
  // Among equals, as on a device without errors, the usual measure decides.
  constexpr double tie = 1e-6;
  return error_cost(1 - result.success.gates) + error_cost(1 - result.success.readout) +
         error_cost(1 - result.success.waiting) + tie * expected;
}

constexpr SwapWeights swap_weights[] = {
    {0.5, 0.001, 0.0}, {0.5, 0.1, 0.3}, {0.2, 0.02, 0.1}, {0.9, 0.3, 0.0}};

class LayoutSearch {
 public:
  LayoutSearch(const LayoutTask& task, const CouplingGraph& graph)
      : task_(task), graph_(graph), backward_(task.ops.rbegin(), task.ops.rend()) {}

  RoutedProgram run() {
    for (const LayoutCandidate& candidate : layout_candidates(task_.ops, task_.program.qubits, graph_)) {
      try_layout(candidate.kind, candidate.layout);
      if (best_->result.swaps == 0) return std::move(*best_);
      improve(candidate.kind, candidate.layout);
    }
    for (int trial = 0; trial < task_.options.trials || !best_; ++trial)
      improve("search", compact_layout(task_.ops, task_.program.qubits, graph_, trial));
    return std::move(*best_);
  }

 private:
  void try_layout(const std::string& kind, const std::vector<int>& layout) {
    for (const SwapWeights& weights : swap_weights) {
      RoutedProgram found = written(task_, graph_, kind, route(task_.ops, graph_, layout, weights));
      if (!best_ || found.cost < best_->cost) best_ = std::move(found);
      if (best_->result.swaps == 0) return;
    }
  }

  /// Where a program ends is a good place to begin its reverse (Li, Ding and Xie 2019).
  void improve(const std::string& kind, std::vector<int> layout) {
    constexpr int rounds = 2;
    for (int round = 0; round < rounds; ++round) {
      layout = route(task_.ops, graph_, std::move(layout), swap_weights[0]).final_layout;
      layout = route(backward_, graph_, std::move(layout), swap_weights[0]).final_layout;
      try_layout(kind, layout);
    }
  }

  const LayoutTask& task_;
  const CouplingGraph& graph_;
  const std::vector<RoutedOp> backward_;
  std::optional<RoutedProgram> best_;
};

}  // namespace

RoutedProgram written(const LayoutTask& task, const CouplingGraph& graph, std::string kind, Routing routing) {
  const DeviceProgram& program = task.program;
  TranspileResult result;
  result.layout_kind = std::move(kind);
  result.layout = routing.layout;
  result.final_layout = routing.final_layout;
  result.swaps = routing.swaps;
  result.program = {program.name, graph.qubits(), true, program.inputs, {}, {}};
  for (int qubit : program.measured) result.program.measured.push_back(routing.final_layout[at(qubit)]);
  Wires wires(graph, task.basis, task.quality);
  for (const RoutedOp& op : scheduled(fused_swaps(routing.ops, graph.qubits()), graph.qubits()))
    wires.append(op);
  result.program.ops = wires.gates(result.program.measured);
  measure(result);
  if (task.quality && task.quality->known()) result.success = estimate_success(result.program, *task.quality);
  const double cost = cost_of(task, result);
  return {std::move(routing), std::move(result), cost};
}

RoutedProgram search_layout(const LayoutTask& task, const CouplingGraph& graph) {
  return LayoutSearch(task, graph).run();
}

void measure(TranspileResult& result) {
  result.depth = depth(result.program);
  result.two_qubit_depth = two_qubit_depth(result.program);
  result.two_qubit_gates = two_qubit_gates(result.program);
}

}  // namespace qmtl
