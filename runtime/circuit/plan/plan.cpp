// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/plan/plan.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/circuit/cones/cone_finder.h"
#include "runtime/circuit/cones/too_deep.h"

namespace qmtl {
namespace {

constexpr int max_operator_qubits = 6;  // operator blocks keep 4^k numbers a sample

/// A block is one operator for all samples where none of its gates carries a sample's angle.
bool uploads(const Block& block) {
  return std::any_of(block.ops.begin(), block.ops.end(),
                     [](const Op& op) { return op.source == Source::angle; });
}
bool any_block_uploads(const Circuit& circuit) {
  return std::any_of(circuit.blocks.begin(), circuit.blocks.end(), uploads);
}

bool small_registers(const Circuit& circuit) {
  return std::all_of(circuit.blocks.begin(), circuit.blocks.end(),
                     [](const Block& b) { return b.qubits.size() <= max_operator_qubits && !uploads(b); });
}

const AmplitudeStart* start_of(const Part& part) { return part.start ? &*part.start : nullptr; }

Cost best_cost(const Part& part, BlockMethod& method, const CostModel& model) {
  const Circuit& circuit = part.cone.circuit;
  const Cost branch = state_cost(circuit, BlockMethod::branch, model, start_of(part));
  const Cost operators = state_cost(circuit, BlockMethod::operators, model, start_of(part));
  method = small_registers(circuit) && operators.seconds < branch.seconds ? BlockMethod::operators
                                                                          : BlockMethod::branch;
  return method == BlockMethod::operators ? operators : branch;
}

Plan whole_plan(const Circuit& circuit, PlanKind kind, const CostModel& model) {
  Plan plan;
  plan.kind = kind;
  plan.widest = circuit.qubits;
  const BlockMethod method = kind == PlanKind::operators ? BlockMethod::operators : BlockMethod::branch;
  const std::optional<AmplitudeStart> start = amplitude_start(circuit);
  plan.cost = state_cost(circuit, method, model, start ? &*start : nullptr);
  if (circuit.qubits <= max_state_qubits) {
    plan.parts.push_back({whole(circuit), method});
    plan.parts.back().start = start;
  }
  return plan;
}

/// Blocks that are expanded together: angles, sines and products are shared, while the terms fit a core's
/// caches.
struct ExpandedBlocks {
  std::vector<int> blocks;
  std::size_t terms = 0;
};
constexpr std::size_t terms_per_part = 512;

/// Registers that are simulated together: the cone of their blocks.
struct ConeGroup {
  std::vector<int> blocks;
  Part part;
  Cost cost;
};

ConeGroup cone_group(const ConeFinder& cone_of, std::vector<int> blocks, const CostModel& model) {
  std::sort(blocks.begin(), blocks.end());
  ConeGroup group{blocks, {cone_of(blocks), BlockMethod::branch}, {}};
  group.part.start = amplitude_start(group.part.cone.circuit);
  group.cost = best_cost(group.part, group.part.method, model);
  return group;
}

/// Joins the group to the last one if their common cone costs less than both: registers that overlap share
/// the work on their shared qubits.
void append_group(const ConeFinder& cone_of, std::vector<ConeGroup>& groups, ConeGroup group,
                  const CostModel& model) {
  if (!groups.empty()) {
    ConeGroup& last = groups.back();
    const int wider = std::max(last.part.cone.circuit.qubits, group.part.cone.circuit.qubits) + 2;
    std::vector<int> both = last.blocks;
    both.insert(both.end(), group.blocks.begin(), group.blocks.end());
    std::vector<int> qubits = last.part.cone.qubits;
    qubits.insert(qubits.end(), group.part.cone.qubits.begin(), group.part.cone.qubits.end());
    std::sort(qubits.begin(), qubits.end());
    const auto distinct = std::unique(qubits.begin(), qubits.end()) - qubits.begin();
    if (distinct <= wider) {  // a cone that is four times as large cannot pay
      ConeGroup joint = cone_group(cone_of, std::move(both), model);
      if (joint.cost.seconds < last.cost.seconds + group.cost.seconds) {
        last = std::move(joint);
        return;
      }
    }
  }
  groups.push_back(std::move(group));
}

/// For each register its cone or (where allowed and cheaper) an expansion.
Plan per_register_plan(const Circuit& circuit, bool cones, bool pauli, const PlanOptions& options) {
  const CostModel& model = options.model;
  Plan plan;
  std::vector<ExpandedBlocks> expanded;
  std::vector<ConeGroup> groups;
  const ConeFinder cone_of(circuit);
  std::size_t deepest =
      std::numeric_limits<std::size_t>::max();  ///< shared gates that were too many to expand
  for (const std::vector<int>& blocks : blocks_by_register(circuit)) {
    ConeGroup group = cone_group(cone_of, blocks, model);
    const Circuit& own = group.part.cone.circuit;
    if (pauli && own.shared.size() < deepest) {
      const auto expansion = expand_pauli(own, options.second_moments);
      // Another register behind as many shared gates would take as long to be found too deep.
      if (!expansion && known_too_deep(own, options.second_moments)) deepest = own.shared.size();
      // What is shared with other registers is counted for each: an upper bound.
      if (expansion && (!cones || pauli_cost(*expansion, model).seconds < group.cost.seconds)) {
        if (expanded.empty() || expanded.back().terms + expansion->terms() > terms_per_part)
          expanded.emplace_back();
        expanded.back().blocks.insert(expanded.back().blocks.end(), blocks.begin(), blocks.end());
        expanded.back().terms += expansion->terms();
        continue;
      }
      if (!cones) {
        expanded.clear();
        break;
      }
    }
    const bool fits = group.part.cone.circuit.qubits <= max_state_qubits;
    append_group(cone_of, groups, std::move(group), model);
    // No plan then, whatever the other registers are.
    if (!fits) break;
  }
  for (ConeGroup& group : groups) {
    plan.widest = std::max(plan.widest, group.part.cone.circuit.qubits);
    plan.cost.add(group.cost);
    plan.parts.push_back(std::move(group.part));
  }
  if (!cones)
    plan.kind = PlanKind::pauli;
  else if (expanded.empty())
    plan.kind = PlanKind::cones;
  else
    plan.kind = plan.parts.empty() ? PlanKind::pauli : PlanKind::mixed;
  for (ExpandedBlocks& group : expanded) {
    std::sort(group.blocks.begin(), group.blocks.end());
    Part part{cone_of(group.blocks), BlockMethod::pauli};
    const auto expansion = expand_pauli(part.cone.circuit, options.second_moments);
    plan.cost.add(pauli_cost(*expansion, model));
    plan.terms += expansion->terms();
    plan.parts.push_back(std::move(part));
  }
  return plan;
}

/// Where a part reads an encoding's angles, all do: its rotations then run in every part.
void drop_shared_starts(Plan& plan, const CostModel& model) {
  if (std::none_of(plan.parts.begin(), plan.parts.end(), [](const Part& part) { return part.start; })) return;
  std::set<int> read;  // angles of the whole circuit that rotations turn by
  for (const Part& part : plan.parts)
    for (std::size_t a = 0; a < part.cone.angles.size(); ++a)
      if (!part.start ||
          !std::count(part.start->angles.begin(), part.start->angles.end(), static_cast<int>(a)))
        read.insert(part.cone.angles[a]);
  for (Part& part : plan.parts) {
    if (!part.start || std::none_of(part.start->angles.begin(), part.start->angles.end(), [&](int angle) {
          return read.count(part.cone.angles[static_cast<std::size_t>(angle)]) > 0;
        }))
      continue;
    const Cost with = state_cost(part.cone.circuit, part.method, model, start_of(part));
    part.start.reset();
    const Cost without = state_cost(part.cone.circuit, part.method, model);
    plan.cost.add({without.flops - with.flops, without.bytes, without.seconds - with.seconds});
  }
}

Plan build_plan(const Circuit& circuit, PlanKind kind, const PlanOptions& options) {
  const bool cones = kind == PlanKind::cones || kind == PlanKind::mixed,
             pauli = kind == PlanKind::pauli || kind == PlanKind::mixed;
  Plan plan = cones || pauli ? per_register_plan(circuit, cones, pauli, options)
                             : whole_plan(circuit, kind, options.model);
  drop_shared_starts(plan, options.model);
  return plan;
}

std::string gigabytes(double bytes) { return significant(bytes / 1e9, bytes < 1e15 ? 3 : 2) + " GB"; }

/// Why a plan cannot run, with its numbers; empty if it can.
std::string obstacle(const Plan& plan, const Circuit& circuit, double memory_limit) {
  if (plan.kind == PlanKind::operators && any_block_uploads(circuit))
    return "a task block carries numbers of the sample, so that it is not one operator for all samples";
  if (plan.kind == PlanKind::pauli && plan.parts.empty())
    return "an output has too many Pauli strings (limit 4096 at a time, on at most 64 qubits)";
  if (plan.widest > max_state_qubits || plan.cost.bytes > memory_limit)
    return "a statevector of " + std::to_string(plan.widest) + " qubits needs " + gigabytes(plan.cost.bytes) +
           " per thread, more than the limit of " + gigabytes(memory_limit) + " and " +
           std::to_string(max_state_qubits) + " qubits";
  return {};
}

[[noreturn]] void refuse(const Plan& plan, const Circuit& circuit, const std::string& why) {
  throw usage_error(
      "plan '" + std::string(name(plan.kind)) + "': " + why + " (the circuit has " +
      std::to_string(circuit.qubits) + " qubits). " +
      (plan.kind == PlanKind::cones || plan.kind == PlanKind::mixed
           ? "Its causal cones are too wide: use fewer shared layers (circuit.layers), a cz-line, cz-ring or "
             "brickwork-cz entangler instead of CX, or local blocks with fewer qubits (block.size)."
           : "Use engine.plan = \"auto\" or \"cones\", fewer qubits (circuit.qubits) or fewer layers "
             "(circuit.layers)."));
}

constexpr std::array<std::pair<PlanKind, std::string_view>, 6> kind_names{{{PlanKind::automatic, "auto"},
                                                                           {PlanKind::state, "state"},
                                                                           {PlanKind::operators, "operators"},
                                                                           {PlanKind::cones, "cones"},
                                                                           {PlanKind::pauli, "pauli"},
                                                                           {PlanKind::mixed, "mixed"}}};

Plan cheapest(const Circuit& circuit, const PlanOptions& options) {
  std::vector<Plan> plans;
  for (PlanKind kind :
       {PlanKind::state, PlanKind::operators, PlanKind::cones, PlanKind::pauli, PlanKind::mixed}) {
    Plan plan = build_plan(circuit, kind, options);
    if (kind == PlanKind::mixed && plan.kind != PlanKind::mixed) continue;
    plans.push_back(std::move(plan));
  }
  // Of two that cost the same the simpler (earlier) one.
  std::vector<Alternative> alternatives;
  const Plan* best = nullptr;
  for (const Plan& plan : plans) {
    alternatives.push_back(
        {plan.kind, plan.cost, plan.widest, obstacle(plan, circuit, options.memory_limit)});
    if (plan.kind == PlanKind::operators && !small_registers(circuit) && alternatives.back().obstacle.empty())
      alternatives.back().obstacle =
          "operator blocks keep 4^k numbers a sample: only asked for are registers of "
          "more than " +
          std::to_string(max_operator_qubits) + " qubits taken";
    if (!alternatives.back().obstacle.empty()) continue;
    if (!best || plan.cost.seconds < best->cost.seconds) best = &plan;
  }
  if (!best) refuse(plans[2], circuit, alternatives[2].obstacle);
  std::stable_sort(alternatives.begin(), alternatives.end(), [](const Alternative& a, const Alternative& b) {
    return std::pair(!a.obstacle.empty(), a.cost.seconds) < std::pair(!b.obstacle.empty(), b.cost.seconds);
  });
  Plan plan = *best;
  plan.reason = "least expected time of the plans that fit";
  plan.alternatives = std::move(alternatives);
  return plan;
}

}  // namespace

Plan make_plan(const Circuit& circuit, PlanKind kind, const PlanOptions& options) {
  Plan plan;
  if (kind == PlanKind::automatic) {
    plan = cheapest(circuit, options);
  } else {
    plan = build_plan(circuit, kind, options);
    plan.reason = "asked for";
    if (const std::string why = obstacle(plan, circuit, options.memory_limit); !why.empty())
      refuse(plan, circuit, why);
  }
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
  throw usage_error("expected plan auto, state, operators, cones, pauli or mixed, found '" +
                    std::string(text) + "'");
}

}  // namespace qmtl
