// SPDX-License-Identifier: Apache-2.0
#include "io/edge/circuit.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>

#include "io/edge/pauli.h"
#include "io/edge/state.h"
#include "runtime/base/error.h"
#include "runtime/base/names.h"

namespace qmtl {
namespace {

constexpr Names<EdgeMethod> methods{"method", {"auto", "pauli", "operators", "state"}};

/// Bytes of flash or memory that are worth one multiplication: small models are bound by time, large ones by
/// memory.
constexpr double bytes_per_operation = 16.0;
double score(double work, double bytes) { return work + bytes / bytes_per_operation; }

/// Blocks that are evaluated together, and how: one of the two.
struct CircuitPart {
  std::vector<int> blocks;
  std::optional<EdgePauli> pauli;
  std::optional<EdgeState> state;
  Cone cone;

  double cost() const {
    return pauli   ? score(pauli->work(), pauli->bytes())
           : state ? score(state->work(), state->bytes())
                   : 1e300;
  }
};

void take_cheaper(CircuitPart& part, EdgeState candidate) {
  if (!candidate.ready() || score(candidate.work(), candidate.bytes()) >= part.cost()) return;
  part.pauli.reset();
  part.state = std::move(candidate);
}

CircuitPart best_part(const EdgeCircuit& work, std::vector<int> blocks, bool with_pauli) {
  CircuitPart part;
  part.cone = cone_of(work.circuit, blocks);
  part.blocks = std::move(blocks);
  const bool any = work.method == EdgeMethod::automatic;
  if (with_pauli && (any || work.method == EdgeMethod::pauli)) {
    std::vector<double> params;
    for (int p : part.cone.params) params.push_back(work.params[static_cast<std::size_t>(p)]);
    if (const auto expansion = expand_pauli(part.cone.circuit, false)) {
      EdgePauli pauli(*expansion, params);
      if (pauli.fits()) part.pauli = std::move(pauli);
    }
  }
  if (any || work.method == EdgeMethod::operators)
    take_cheaper(part, EdgeState(part.cone, work.params, false));
  if (any || work.method == EdgeMethod::state) take_cheaper(part, EdgeState(part.cone, work.params, true));
  return part;
}

double total(const std::vector<CircuitPart>& parts) {
  return std::accumulate(parts.begin(), parts.end(), 0.0,
                         [](double sum, const CircuitPart& part) { return sum + part.cost(); });
}

/// Parts by register, those of the Pauli method joined; or one part if that is cheaper.
std::vector<CircuitPart> choose_parts(const EdgeCircuit& work) {
  std::vector<CircuitPart> parts;
  std::vector<int> by_pauli;
  for (const std::vector<int>& blocks : blocks_by_register(work.circuit)) {
    parts.push_back(best_part(work, blocks, true));
    if (!parts.back().pauli) continue;
    by_pauli.insert(by_pauli.end(), blocks.begin(), blocks.end());
    parts.pop_back();
  }
  if (!by_pauli.empty()) {
    std::sort(by_pauli.begin(), by_pauli.end());
    CircuitPart joined;
    joined.blocks = by_pauli;
    joined.cone = {};
    const auto expansion = expand_pauli(work.circuit, false);
    if (expansion && by_pauli.size() == work.circuit.blocks.size()) {
      joined.cone = whole(work.circuit);
      joined.pauli.emplace(*expansion, work.params);
    } else {
      // Only some blocks: their own circuit.
      joined = best_part({work.circuit, work.params, {}, 1.0, {}, {}, EdgeMethod::pauli}, by_pauli, true);
    }
    parts.insert(parts.begin(), std::move(joined));
  }
  std::vector<int> all(work.circuit.blocks.size());
  std::iota(all.begin(), all.end(), 0);
  if (parts.size() < 2 && !parts.empty() && parts.front().state) return parts;
  std::vector<CircuitPart> one;
  one.push_back(best_part(work, all, false));
  if (one.front().state && one.front().cost() < total(parts)) return one;
  return parts;
}

void check_parts(const EdgeCircuit& work, const std::vector<CircuitPart>& parts) {
  for (const CircuitPart& part : parts) {
    if (part.pauli || part.state) continue;
    const std::string asked =
        work.method == EdgeMethod::automatic ? "" : "method " + std::string(name(work.method)) + ": ";
    throw usage_error(
        asked + "the head's circuit has a register whose outputs depend on " +
        std::to_string(part.cone.circuit.qubits) +
        " qubits and have too many terms for sums of "
        "cosines; head files take statevectors of up to " +
        std::to_string(QE_MOST_QUBITS) +
        " qubits: outputs of fewer layers (circuit.layers), of local blocks or of entangler cz-line "
        "depend on fewer; qmtl plan says what a configuration allows");
  }
}

}  // namespace

std::string_view name(EdgeMethod method) { return methods.name(method); }
EdgeMethod parse_edge_method(std::string_view text) { return methods.parse(text); }

std::string lower_circuit(EdgeBuilder& builder, const EdgeCircuit& work) {
  std::vector<CircuitPart> parts = choose_parts(work);
  check_parts(work, parts);
  EdgeAngles half(0.5), full(1.0);
  std::size_t values = 0;
  std::string text;
  for (CircuitPart& part : parts) {
    if (part.pauli) part.pauli->collect(full);
    if (part.state) part.state->collect(half);
    values += part.pauli ? part.cone.outputs.size() : part.state->values();
    text += text.empty() ? "" : ", ";
    text += part.pauli ? "pauli, " + std::to_string(part.pauli->products()) + " products"
                       : std::to_string(part.state->values()) + " strings on " +
                             std::to_string(part.state->qubits()) + " qubits";
  }
  const auto angles = static_cast<std::size_t>(work.circuit.angles);
  const EdgeValue full_pairs = full.lower(builder, work.angles, angles, work.gain);
  const EdgeValue half_pairs = half.lower(builder, work.angles, angles, work.gain);
  if (parts.size() == 1 && parts.front().pauli && parts.front().cone.outputs.size() == work.readouts.size()) {
    std::vector<EdgeReadout> readouts;
    bool in_order = true;
    for (std::size_t v = 0; v < work.readouts.size(); ++v)
      in_order = in_order && parts.front().cone.outputs[v] == static_cast<int>(v);
    if (in_order) {
      parts.front().pauli->lower(builder, full_pairs, work.target, work.readouts, full.pairs());
      return text;
    }
  }
  const EdgeValue all = builder.tensor(values);
  std::vector<EdgeTerm> terms;
  std::uint32_t first = 0;
  for (const CircuitPart& part : parts) {
    if (part.pauli) {
      part.pauli->lower(builder, full_pairs, all.at(first),
                        std::vector<EdgeReadout>(part.cone.outputs.size()), full.pairs());
      for (std::size_t v = 0; v < part.cone.outputs.size(); ++v)
        terms.push_back(
            {static_cast<std::uint32_t>(part.cone.outputs[v]), first + static_cast<std::uint32_t>(v), 1.0});
      first += static_cast<std::uint32_t>(part.cone.outputs.size());
    } else {
      part.state->lower(builder, half_pairs, half.pairs(), all, first, terms);
      first += static_cast<std::uint32_t>(part.state->values());
    }
  }
  std::stable_sort(terms.begin(), terms.end(),
                   [](const EdgeTerm& a, const EdgeTerm& b) { return a.output < b.output; });
  EdgeOp& op = builder.add(QE_SPARSE, all, work.target);
  op.a = static_cast<std::uint32_t>(work.readouts.size());
  op.b = static_cast<std::uint32_t>(values);
  op.c = static_cast<std::uint32_t>(terms.size());
  op.words.assign(work.readouts.size(), 0);
  for (const EdgeReadout& readout : work.readouts) op.floats.push_back(static_cast<float>(readout.start));
  for (const EdgeTerm& term : terms) {
    op.floats.push_back(static_cast<float>(work.readouts[term.output].factor * term.coefficient));
    ++op.words[term.output];
    op.words.push_back(term.value);
  }
  return text;
}

}  // namespace qmtl
