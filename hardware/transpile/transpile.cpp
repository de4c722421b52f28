// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/transpile.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "hardware/program_stats.h"
#include "hardware/transpile/index.h"
#include "hardware/transpile/layouts.h"
#include "hardware/transpile/pair_turns.h"
#include "hardware/transpile/route.h"
#include "hardware/transpile/wires.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

std::string basis_text(const DeviceTarget& target) {
  std::string text;
  for (DeviceGate gate : target.basis) text += (text.empty() ? "" : ", ") + std::string(info(gate).name);
  if (!target.unsupported.empty()) {
    text += " (of the device's other gates these are not supported:";
    for (const std::string& name : target.unsupported) text += " " + name;
    text += ")";
  }
  return text;
}

void check_size(const DeviceProgram& program, const DeviceTarget& target, int qubits, int part) {
  if (program.qubits <= part) return;
  const std::string needs = "program " + program.name + ": needs " + std::to_string(program.qubits) +
                            " qubits, device " + target.name + " has " + std::to_string(qubits);
  if (program.qubits > qubits)
    throw usage_error(needs + "; take a larger device or a split into smaller programs");
  throw usage_error(needs + ", but at most " + std::to_string(part) +
                    " of them are connected; take another device or a split into smaller programs");
}

[[noreturn]] void refuse_basis(const DeviceProgram& program, const DeviceTarget& target, DeviceGate gate,
                               const std::string& missing) {
  throw usage_error("program " + program.name + ": gate " + std::string(info(gate).name) +
                    " cannot be written in the basis " + basis_text(target) + " of device " + target.name +
                    "; expected " + missing);
}

/// A basis without all one-qubit gates can only have programs of its own gates where they are.
bool native_as_it_is(const DeviceProgram& program, const BasisSet& basis, const CouplingGraph& graph) {
  return std::all_of(program.ops.begin(), program.ops.end(), [&](const DeviceOp& op) {
    return basis.has(op.gate) && (op.q1 < 0 || graph.listed(op.q0, op.q1));
  });
}

void check_basis(const DeviceProgram& program, const DeviceTarget& target, const BasisSet& basis) {
  for (const DeviceOp& op : program.ops) {
    if (!basis.every_one_qubit_gate())
      refuse_basis(program, target, op.gate, "rz and at least one of sx, rx and ry");
    if (op.q1 >= 0 && !basis.entangler()) refuse_basis(program, target, op.gate, "one of cz, cx and rzz");
  }
}

void measure(TranspileResult& result) {
  result.depth = timed_depth(result.program);
  result.two_qubit_depth = two_qubit_depth(result.program);
  result.two_qubit_gates = two_qubit_gates(result.program);
}

TranspileResult finished(const DeviceProgram& program, const CouplingGraph& graph, const BasisSet& basis,
                         std::string kind, const Routing& routing) {
  TranspileResult result;
  result.layout_kind = std::move(kind);
  result.layout = routing.layout;
  result.final_layout = routing.final_layout;
  result.swaps = routing.swaps;
  result.program = {program.name, graph.qubits(), true, program.inputs, {}, {}};
  for (int qubit : program.measured) result.program.measured.push_back(routing.final_layout[at(qubit)]);
  Wires wires(graph, basis);
  for (const RoutedOp& op : scheduled(fused_swaps(routing.ops, graph.qubits()), graph.qubits()))
    wires.append(op);
  result.program.ops = wires.gates(result.program.measured);
  measure(result);
  return result;
}

double errors(const TranspileResult& result, int qubits, const TranspileOptions& options) {
  return result.two_qubit_gates + options.idle_cost * qubits * result.two_qubit_depth;
}

constexpr SwapWeights swap_weights[] = {
    {0.5, 0.001, 0.0}, {0.5, 0.1, 0.3}, {0.2, 0.02, 0.1}, {0.9, 0.3, 0.0}};

/// Routes from all layouts in all ways and keeps the result with the fewest errors, of equal ones the first.
class LayoutSearch {
 public:
  LayoutSearch(const DeviceProgram& program, std::vector<RoutedOp> ops, const CouplingGraph& graph,
               const BasisSet& basis, const TranspileOptions& options)
      : program_(program),
        graph_(graph),
        basis_(basis),
        options_(options),
        ops_(std::move(ops)),
        backward_(ops_.rbegin(), ops_.rend()) {}

  TranspileResult run() {
    for (const LayoutCandidate& candidate : layout_candidates(ops_, program_.qubits, graph_)) {
      try_layout(candidate.kind, candidate.layout);
      if (best_->swaps == 0) return std::move(*best_);
      improve(candidate.kind, candidate.layout);
    }
    for (int trial = 0; trial < options_.trials || !best_; ++trial)
      improve("search", compact_layout(ops_, program_.qubits, graph_, trial));
    return std::move(*best_);
  }

 private:
  void try_layout(const std::string& kind, const std::vector<int>& layout) {
    for (const SwapWeights& weights : swap_weights) {
      TranspileResult result = finished(program_, graph_, basis_, kind, route(ops_, graph_, layout, weights));
      const bool better =
          !best_ || errors(result, program_.qubits, options_) < errors(*best_, program_.qubits, options_);
      if (better) best_ = std::move(result);
      if (best_->swaps == 0) return;
    }
  }

  /// Where a program ends is a good place to begin its reverse (Li, Ding and Xie 2019).
  void improve(const std::string& kind, std::vector<int> layout) {
    constexpr int rounds = 2;
    for (int round = 0; round < rounds; ++round) {
      layout = route(ops_, graph_, std::move(layout), swap_weights[0]).final_layout;
      layout = route(backward_, graph_, std::move(layout), swap_weights[0]).final_layout;
      try_layout(kind, layout);
    }
  }

  const DeviceProgram& program_;
  const CouplingGraph& graph_;
  const BasisSet& basis_;
  const TranspileOptions& options_;
  const std::vector<RoutedOp> ops_, backward_;
  std::optional<TranspileResult> best_;
};

TranspileResult unchanged(const DeviceProgram& program) {
  TranspileResult result;
  result.program = program;
  result.layout_kind = "unchanged";
  result.layout.resize(at(program.qubits));
  std::iota(result.layout.begin(), result.layout.end(), 0);
  result.final_layout = result.layout;
  measure(result);
  return result;
}

}  // namespace

TranspileResult transpile(const DeviceProgram& program, const DeviceTarget& target,
                          const TranspileOptions& options) {
  check(program);
  const CouplingGraph graph(target, program.qubits);
  check_size(program, target, graph.qubits(), static_cast<int>(graph.largest_part().size()));
  if (target.basis.empty() && target.coupling.empty()) return unchanged(program);
  if (program.physical)
    throw usage_error("program " + program.name + ": it is written for a device already; expected one with " +
                      "qubits of its own");
  const BasisSet basis(target.basis);
  if (!basis.every_one_qubit_gate() && native_as_it_is(program, basis, graph)) {
    TranspileResult result = unchanged(program);
    result.program.qubits = graph.qubits();
    result.program.physical = true;
    return result;
  }
  check_basis(program, target, basis);
  const auto written = [&](const std::vector<RoutedOp>& ops) {
    if (!graph.complete()) return LayoutSearch(program, ops, graph, basis, options).run();
    const Routing routing{ops, unchanged(program).layout, unchanged(program).layout, 0};
    return finished(program, graph, basis, "identity", routing);
  };
  const std::vector<RoutedOp> ops = simplified(program);
  TranspileResult result = written(ops);
  if (!basis.has(device_rotation("ZZ"))) return result;
  const auto turned = with_pair_turns(ops);
  if (!turned) return result;
  // Where swaps stand beside them CX and CZ may be the better ones: they merge.
  TranspileResult other = written(*turned);
  return errors(other, program.qubits, options) < errors(result, program.qubits, options) ? other : result;
}

}  // namespace qmtl
