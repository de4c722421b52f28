// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <utility>

#include "hardware/transpile/index.h"
#include "hardware/transpile/layout_search.h"
#include "hardware/transpile/placement.h"

namespace qmtl {
namespace {

/// Costs that differ by less are equal: sums in another order differ by roundings.
constexpr double slack = 1e-9;

void keep_better(RoutedProgram& best, RoutedProgram other) {
  if (other.cost < best.cost - slack) best = std::move(other);
}

/// The routing with every physical qubit q at places[q] instead.
Routing moved(Routing routing, const std::vector<int>& places) {
  const auto move = [&](int& qubit) {
    if (qubit >= 0) qubit = places[at(qubit)];
  };
  for (RoutedOp& op : routing.ops) move(op.op.q0), move(op.op.q1);
  for (int& qubit : routing.layout) move(qubit);
  for (int& qubit : routing.final_layout) move(qubit);
  return routing;
}

/// The physical qubits that a routing names, ascending.
std::vector<int> named(const Routing& routing, int qubits) {
  std::vector<char> is_named(at(qubits), false);
  for (int qubit : routing.layout) is_named[at(qubit)] = true;
  for (const RoutedOp& op : routing.ops)
    for (int qubit : {op.op.q0, op.op.q1})
      if (qubit >= 0) is_named[at(qubit)] = true;
  std::vector<int> list;
  for (int q = 0; q < qubits; ++q)
    if (is_named[at(q)]) list.push_back(q);
  return list;
}

/// The same operations elsewhere: places of the routed program's qubits by what they cost.
RoutedProgram replaced(const LayoutTask& task, const CouplingGraph& graph, RoutedProgram found) {
  const std::vector<int> used = named(found.routing, graph.qubits());
  const PlacementPattern pattern(found.result.program, used, *task.quality);
  PlacementSearch search(pattern, graph, *task.quality);
  search.offer(used);
  search.search();
  search.improve();
  std::vector<int> places(at(graph.qubits()));
  std::iota(places.begin(), places.end(), 0);
  for (std::size_t i = 0; i < used.size(); ++i) places[at(used[i])] = search.best()[i];
  keep_better(found, written(task, graph, found.result.layout_kind, moved(found.routing, places)));
  return found;
}

/// Where every pair is coupled, found by what the places cost; nothing if the search ends without.
std::optional<RoutedProgram> without_swaps(const LayoutTask& task, const CouplingGraph& graph) {
  // As the device writes the program if all pairs are coupled.
  DeviceTarget anywhere;
  anywhere.qubits = task.program.qubits;
  LayoutTask plain = task;
  plain.quality = nullptr;
  std::vector<int> all(at(task.program.qubits));
  std::iota(all.begin(), all.end(), 0);
  const RoutedProgram ideal =
      written(plain, CouplingGraph(anywhere, anywhere.qubits), "quality", {task.ops, all, all, 0});
  const PlacementPattern pattern(ideal.result.program, all, *task.quality);
  PlacementSearch search(pattern, graph, *task.quality);
  search.search();
  search.improve();
  if (search.best().empty()) return std::nullopt;
  return written(task, graph, "quality", moved(ideal.routing, search.best()));
}

/// The couplings of a target without the worst share of its usable couplers.
DeviceTarget without_worst(const DeviceTarget& target, const DeviceQuality& quality, DeviceGate entangler,
                           double share) {
  std::vector<double> errors;
  for (const auto& [a, b] : target.coupling)
    if (quality.coupled(a, b)) errors.push_back(quality.error(entangler, a, b));
  DeviceTarget kept = target;
  if (errors.empty()) return kept;
  std::sort(errors.begin(), errors.end());
  const double most = errors[static_cast<std::size_t>((1 - share) * static_cast<double>(errors.size() - 1))];
  std::erase_if(kept.coupling,
                [&](const auto& pair) { return quality.error(entangler, pair.first, pair.second) > most; });
  return kept;
}

}  // namespace

RoutedProgram search_calibrated_layout(const LayoutTask& task, const DeviceTarget& target,
                                       const CouplingGraph& graph) {
  RoutedProgram best = search_layout(task, graph);
  if (!task.quality->known()) return best;
  if (auto direct = without_swaps(task, graph)) keep_better(best, std::move(*direct));
  if (best.result.swaps == 0) return best;
  // Errors differ more than numbers of gates do: it pays to look at more places.
  TranspileOptions patient = task.options;
  patient.trials *= 4;
  best = replaced(task, graph,
                  search_layout({task.program, task.ops, task.basis, patient, task.quality}, graph));
  for (double share : {0.1, 0.25, 0.5}) {
    const CouplingGraph part(without_worst(target, *task.quality, task.quality->entangler(), share),
                             graph.qubits(), task.quality);
    if (part.largest_part().size() < at(task.program.qubits)) break;
    keep_better(best, replaced(task, graph, search_layout(task, part)));
  }
  return best;
}

}  // namespace qmtl
