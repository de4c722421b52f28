#include "runtime/circuit/plan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>

#include "runtime/error.h"

namespace qmtl {
namespace {

/// What a list of gates costs on a statevector.
struct GateCount {
  int rotations =
      0;  ///< RY or RX passes after merging neighbours on the same qubit; the product state's are free
  int mixes = 0;  ///< passes of permutations and diagonals between them
  bool complex = false;
};

/// `fresh`: qubits still in the product state that the first upload writes directly.
GateCount count_gates(const std::vector<Op>& ops, std::vector<std::uint8_t>& fresh, int qubits) {
  GateCount count;
  std::vector<std::uint8_t> open(qubits, 0);  // a rotation on this qubit can still be merged
  std::vector<int> level(qubits, 0);
  int deepest = 0;
  for (const Op& op : ops) {
    if (op.gate == Gate::rx || op.gate == Gate::rz) count.complex = true;
    if (op.gate == Gate::ry || op.gate == Gate::rx) {
      if (!open[op.q0] && !fresh[op.q0]) ++count.rotations;
      open[op.q0] = 1;
      continue;
    }
    for (int q : {op.q0, op.q1}) {
      if (q < 0) continue;
      if (open[q] || fresh[q]) ++level[q];
      open[q] = fresh[q] = 0;
      deepest = std::max(deepest, level[q]);
    }
  }
  count.mixes = deepest;
  return count;
}

struct Cost {
  double flops = 0, bytes = 0;
};

/// Per sample, forward and gradient, multiply-add = 2. A rotation costs one multiply-add an amplitude and
/// component on the way there, one on the way back and one for its gradient.
Cost part_cost(const Circuit& circuit, BlockMethod method) {
  std::vector<std::uint8_t> fresh(circuit.qubits, 1);
  const GateCount shared = count_gates(circuit.shared, fresh, circuit.qubits);
  const double amplitudes = std::ldexp(1.0, circuit.qubits);
  double parts = shared.complex ? 2 : 1, states = shared.mixes + 5;
  Cost cost;
  auto layer_flops = [&](const GateCount& count, double p) {
    return amplitudes * (6 * p * count.rotations + 8 * p * p * count.mixes);
  };
  cost.flops = amplitudes * 10 + layer_flops(shared, parts);
  if (method == BlockMethod::branch) {
    int deepest = 0;
    for (const Block& block : circuit.blocks) {
      std::vector<std::uint8_t> none(circuit.qubits, 0);
      const GateCount count = count_gates(block.ops, none, circuit.qubits);
      const double p = shared.complex || count.complex ? 2 : 1;
      parts = std::max(parts, p);
      deepest = std::max(deepest, count.mixes + 1);
      cost.flops += layer_flops(count, p) + amplitudes * (block.ops.empty() ? 4 * p : 12 * p);
      cost.flops += 4.0 * static_cast<double>(block.outputs.size()) *
                    std::ldexp(1.0, static_cast<int>(block.qubits.size()));
    }
    states += deepest;
  } else {
    std::set<std::vector<int>> registers;
    for (const Block& block : circuit.blocks) {
      const double side = std::ldexp(1.0, static_cast<int>(block.qubits.size()));
      const double entries = parts == 2 ? side * side : side * (side + 1) / 2;
      cost.flops += 6 * entries * static_cast<double>(block.outputs.size());
      if (!registers.insert(block.qubits).second) continue;
      cost.flops += amplitudes * side * (parts == 2 ? 12 : 3);  // density matrix, then the bra
      cost.bytes += 4.0 * 16 * 5 * side * side;
    }
  }
  cost.bytes += states * parts * amplitudes * 16 * sizeof(float);
  return cost;
}

Cost best_cost(const Circuit& circuit, BlockMethod& method) {
  const Cost branch = part_cost(circuit, BlockMethod::branch);
  bool small = true;  // operator blocks keep 4^k numbers a sample
  for (const Block& block : circuit.blocks) small &= block.qubits.size() <= 6;
  const Cost operators = part_cost(circuit, BlockMethod::operators);
  method = small && operators.flops < branch.flops ? BlockMethod::operators : BlockMethod::branch;
  return method == BlockMethod::operators ? operators : branch;
}

Plan whole_plan(const Circuit& circuit, PlanKind kind) {
  Plan plan;
  plan.kind = kind;
  plan.widest = circuit.qubits;
  const BlockMethod method = kind == PlanKind::operators ? BlockMethod::operators : BlockMethod::branch;
  const Cost cost = part_cost(circuit, method);
  plan.flops = cost.flops;
  plan.bytes = cost.bytes;
  if (circuit.qubits <= max_state_qubits) plan.parts.push_back({whole(circuit), method});
  return plan;
}

Plan cones_plan(const Circuit& circuit) {
  Plan plan;
  plan.kind = PlanKind::cones;
  for (const std::vector<int>& blocks : blocks_by_register(circuit)) {
    Part part{cone_of(circuit, blocks), BlockMethod::branch};
    const Cost cost = best_cost(part.cone.circuit, part.method);
    plan.widest = std::max(plan.widest, part.cone.circuit.qubits);
    plan.flops += cost.flops;
    plan.bytes = std::max(plan.bytes, cost.bytes);
    plan.parts.push_back(std::move(part));
  }
  return plan;
}

std::string gigabytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, bytes < 1e15 ? "%.3g GB" : "%.2g GB", bytes / 1e9);
  return text;
}

std::string figures(const Plan& plan) {
  char text[96];
  std::snprintf(text, sizeof text, "%d qubits, %.3g MFLOP a sample", plan.widest, plan.flops / 1e6);
  return text;
}

bool fits(const Plan& plan, double memory_limit) {
  return plan.widest <= max_state_qubits && plan.bytes <= memory_limit;
}

void check_fits(const Plan& plan, const Circuit& circuit, double memory_limit) {
  if (fits(plan, memory_limit)) return;
  std::string message = "plan '" + std::string(name(plan.kind)) + "': a statevector of " +
                        std::to_string(plan.widest) + " qubits needs " + gigabytes(plan.bytes) +
                        " per thread, more than the limit of " + gigabytes(memory_limit) + " and " +
                        std::to_string(max_state_qubits) + " qubits (the circuit has " +
                        std::to_string(circuit.qubits) + " qubits). ";
  message +=
      plan.kind == PlanKind::cones
          ? "Its causal cones are too wide: use fewer shared layers (circuit.layers), a cz-line, cz-ring or "
            "brickwork-cz entangler instead of CX, or local blocks with fewer qubits (block.size)."
          : "Use engine.plan = \"auto\" or \"cones\", or fewer qubits (circuit.qubits).";
  throw usage_error(message);
}

constexpr std::array<std::pair<PlanKind, std::string_view>, 4> kind_names{{{PlanKind::automatic, "auto"},
                                                                           {PlanKind::state, "state"},
                                                                           {PlanKind::operators, "operators"},
                                                                           {PlanKind::cones, "cones"}}};

}  // namespace

Plan make_plan(const Circuit& circuit, PlanKind kind, double memory_limit) {
  Plan plan;
  if (kind == PlanKind::cones) {
    plan = cones_plan(circuit);
    plan.reason = "asked for";
  } else if (kind != PlanKind::automatic) {
    plan = whole_plan(circuit, kind);
    plan.reason = "asked for";
  } else {
    Plan candidates[] = {whole_plan(circuit, PlanKind::state), whole_plan(circuit, PlanKind::operators),
                         cones_plan(circuit)};
    for (const Block& block : circuit.blocks)
      if (block.qubits.size() > 6) candidates[1].bytes = 1e300;  // 4^k numbers a sample and register
    Plan* best = &candidates[2];
    for (Plan* other : {&candidates[1], &candidates[0]})
      if (fits(*other, memory_limit) && (!fits(*best, memory_limit) || other->flops <= best->flops))
        best = other;
    std::string others;
    for (const Plan& candidate : candidates)
      if (&candidate != best)
        others += (others.empty() ? "" : "; ") + std::string(name(candidate.kind)) + ": " +
                  figures(candidate) + (fits(candidate, memory_limit) ? "" : ", does not fit");
    plan = std::move(*best);
    plan.reason = "cheapest that fits: " + figures(plan) + " (" + others + ")";
  }
  check_fits(plan, circuit, memory_limit);
  plan.angles = circuit.angles;
  plan.params = circuit.params;
  plan.outputs = circuit.outputs();
  return plan;
}

std::string_view name(PlanKind kind) {
  for (const auto& [value, text] : kind_names)
    if (value == kind) return text;
  return "auto";
}

PlanKind parse_plan_kind(std::string_view text) {
  for (const auto& [value, word] : kind_names)
    if (word == text) return value;
  throw usage_error("engine.plan: expected auto, state, operators or cones, found '" + std::string(text) +
                    "'");
}

}  // namespace qmtl
