// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/program.h"

#include <algorithm>
#include <bit>

#include "runtime/engine/levels.h"
#include "runtime/engine/row_blocks.h"

namespace qmtl::engine {
namespace {

static_assert(!cut_sums(most_start_qubits));

bool parity(std::uint64_t v) { return std::popcount(v) & 1; }

std::uint32_t deposit(std::uint32_t value, const std::vector<int>& positions) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < positions.size(); ++i) out |= ((value >> i) & 1u) << positions[i];
  return out;
}

std::vector<int> others(int qubits, const std::vector<int>& taken) {
  std::vector<int> rest;
  for (int q = 0; q < qubits; ++q)
    if (std::find(taken.begin(), taken.end(), q) == taken.end()) rest.push_back(q);
  return rest;
}

Pass make_pass(const RyLayer& layer, int first, int k, int qubits) {
  Pass pass;
  pass.k = k;
  pass.first_gate = first;
  std::vector<int> on;
  for (int g = 0; g < k; ++g) on.push_back(layer.gates[first + g].qubit);
  for (std::uint32_t v = 0; v < (1u << k); ++v) {
    pass.offset[v] = deposit(v, on);
    pass.offset_row[v] = row(pass.offset[v]);
  }
  const std::vector<int> rest = others(qubits, on);
  for (std::uint32_t v = 0; v < (1u << rest.size()); ++v) {
    pass.base.push_back(deposit(v, rest));
    pass.base_row.push_back(row(pass.base.back()));
  }
  return pass;
}

void finish_turn(Turn& turn, int qubits, int number, Program& program) {
  turn.slot = program.gates++;
  turn.number = number;
  program.turn_of.push_back(number);
  const std::vector<int> rest = others(qubits, {turn.control, turn.target});
  for (std::uint32_t v = 0; v < (1u << rest.size()); ++v)
    turn.base_row.push_back(row(deposit(v, rest) | 1u << turn.control));
  turn.target_row = row(1u << turn.target);
}

void finish_layer(RyLayer& layer, int qubits, bool product, Program& program) {
  std::sort(layer.gates.begin(), layer.gates.end(),
            [](const RyGate& a, const RyGate& b) { return a.qubit < b.qubit; });
  layer.qubits = qubits;
  layer.slot = program.gates;
  const int count = static_cast<int>(layer.gates.size());
  program.gates += count;
  program.turn_of.resize(program.gates, -1);
  for (Turn& turn : layer.turns) finish_turn(turn, qubits, program.turns++, program);
  if (product) return;
  // The pass through the mix holds real and imaginary parts at once: three gates fill the registers.
  int first = 0;
  while (first < count) {
    const int most = first == 0 ? 3 : 4;
    const int k = std::min(most, count - first);
    layer.rotate.push_back(make_pass(layer, first, k, qubits));
    first += k;
  }
  for (first = 0; first < count; first += 4)
    layer.in_place.push_back(make_pass(layer, first, std::min(4, count - first), qubits));
  layer.rotate_slot = program.passes;
  layer.in_place_slot = program.passes + static_cast<int>(layer.rotate.size());
  program.passes += static_cast<int>(layer.rotate.size() + layer.in_place.size());
}

void finish_mix(Mix& mix, int qubits, Program& program) {
  mix.table = program.tables++;
  if (!mix.own.empty()) mix.gradient_slot = program.gradient_slots++;
  const std::uint32_t size = std::uint32_t{1} << qubits;
  mix.source.resize(size);
  mix.source_row.resize(size);
  mix.negative.resize(size);
  for (std::uint32_t i = 0; i < size; ++i) {
    std::uint32_t j = 0;
    for (int q = 0; q < qubits; ++q) j |= static_cast<std::uint32_t>(parity(mix.bits[q] & i)) << q;
    bool negative = false;
    for (const auto& [a, b] : mix.cz) negative ^= parity(a & i) && parity(b & i);
    mix.source[j] = i;
    mix.source_row[j] = row(i);
    mix.negative[j] = negative;
  }
}

/// Mask over positions in `qubits`, or nothing if a bit lies outside.
bool localise(std::uint64_t mask, const std::vector<int>& qubits, std::uint64_t& local) {
  local = 0;
  for (std::size_t i = 0; i < qubits.size(); ++i)
    if (mask >> qubits[i] & 1) {
      local |= std::uint64_t{1} << i;
      mask ^= std::uint64_t{1} << qubits[i];
    }
  return mask == 0;
}

void fold_readout(BlockProgram& block, const Block& source, const Mix& last, int qubits) {
  std::vector<std::vector<StringTerm>> global;
  for (const Readout& readout : source.outputs) {
    std::vector<StringTerm>& terms = global.emplace_back();
    for (const ZString& z : readout.strings) {
      std::uint64_t mask = 0;
      for (int q : z.qubits) mask ^= last.bits[q];
      terms.push_back({mask, z.weight, z.weight_param});
    }
  }
  block.readout_qubits = source.qubits;
  std::uint64_t ignored = 0;
  for (const auto& terms : global)
    for (const StringTerm& term : terms)
      if (!localise(term.mask, source.qubits, ignored)) block.readout_qubits = others(qubits, {});
  for (auto& terms : global)
    for (StringTerm& term : terms) localise(term.mask, block.readout_qubits, term.mask);
  block.outputs = std::move(global);
  block.split = split_rows(qubits, block.readout_qubits);
}

/// Tries to make the block's only layer and string a product: every qubit of the string has a gate in the
/// layer, the other gates do nothing.
bool as_product(BlockProgram& block) {
  if (block.layers.size() != 1 || !block.layers[0].turns.empty() || block.outputs.size() != 1 ||
      block.outputs[0].size() != 1)
    return false;
  const StringTerm& term = block.outputs[0][0];
  if (term.weight_param >= 0 || term.mask == 0) return false;
  RyLayer layer;
  for (const RyGate& gate : block.layers[0].gates) {
    const auto at = std::find(block.readout_qubits.begin(), block.readout_qubits.end(), gate.qubit);
    if (at != block.readout_qubits.end() && term.mask >> (at - block.readout_qubits.begin()) & 1)
      layer.gates.push_back(gate);
  }
  if (static_cast<int>(layer.gates.size()) != std::popcount(term.mask)) return false;
  block.product = std::move(layer);
  return true;
}

/// `complex`: of the state before the layer, then after it.
void set_complex(RyLayer& layer, bool& complex) {
  const bool turned =
      std::any_of(layer.turns.begin(), layer.turns.end(), [](const Turn& turn) { return turn.about_x; });
  layer.turned_complex = turned && !complex;
  layer.complex = complex |= turned;
}

}  // namespace

Split split_rows(int qubits, const std::vector<int>& reg) {
  Split split;
  const std::vector<int> rest = others(qubits, reg);
  for (std::uint32_t v = 0; v < (1u << reg.size()); ++v) split.offset_row.push_back(row(deposit(v, reg)));
  for (std::uint32_t v = 0; v < (1u << rest.size()); ++v) split.base_row.push_back(row(deposit(v, rest)));
  return split;
}

Program compile(const Circuit& circuit, BlockMethod method, const CompileOptions& options) {
  Program program;
  bool complex = options.complex;
  const bool turns = !cut_sums(circuit.qubits);
  program.qubits = circuit.qubits;
  program.start_qubits = static_cast<int>(options.start.size());
  program.start_numbers = options.start_numbers;
  if (!options.start.empty()) {
    program.start_order = options.start;
    for (int q : others(circuit.qubits, options.start)) program.start_order.push_back(q);
    for (std::uint32_t i = 0; i < 1u << circuit.qubits; ++i)
      program.start_index.push_back(deposit(i, program.start_order));
  }
  Levels shared(circuit.qubits, false, identity_mix(circuit.qubits), options.start);
  shared.add(circuit.shared, turns);
  program.shared = Levels(shared).layers();
  program.mixes = std::move(shared).mixes();

  for (std::size_t l = 0; l < program.shared.size(); ++l) {
    finish_layer(program.shared[l], circuit.qubits, l == 0, program);
    set_complex(program.shared[l], complex);
    finish_mix(program.mixes[l], circuit.qubits, program);
    complex |= !program.mixes[l].phases.empty();
  }
  program.complex = program.shared.back().complex;
  if (method == BlockMethod::operators) {
    program.complex = complex;
    return program;
  }

  int first_output = 0;
  for (const Block& source : circuit.blocks) {
    BlockProgram& block = program.blocks.emplace_back();
    block.first_output = first_output;
    first_output += static_cast<int>(source.outputs.size());
    Mix entry = program.mixes.back();
    entry.table = entry.gradient_slot = -1;
    entry.own.clear();
    Levels levels(circuit.qubits, true, entry);
    levels.add(source.ops, turns);
    block.layers = Levels(levels).layers();
    block.mixes = std::move(levels).mixes();
    block.entry = std::move(block.mixes.front());
    block.mixes.erase(block.mixes.begin());
    if (block.layers.empty()) {
      fold_readout(block, source, block.entry, circuit.qubits);
      block.entry = Mix{};
      continue;
    }
    fold_readout(block, source, block.mixes.back(), circuit.qubits);
    block.mixes.pop_back();
    const Mix& tail = program.mixes.back();
    const bool same = block.entry.phases.size() == tail.phases.size() && block.entry.bits == tail.bits &&
                      block.entry.cz == tail.cz;
    if (options.products && same && as_product(block)) {
      finish_layer(*block.product, circuit.qubits, false, program);
      block.product->complex = complex;
      program.complex |= complex;
      program.products = true;
      block.layers.clear();
      continue;
    }
    finish_mix(block.entry, circuit.qubits, program);
    if (same) {
      --program.tables;
      block.entry.table = tail.table;
    }
    bool block_complex = program.shared.back().complex || !block.entry.phases.empty();
    for (std::size_t l = 0; l < block.layers.size(); ++l) {
      finish_layer(block.layers[l], circuit.qubits, false, program);
      set_complex(block.layers[l], block_complex);
      program.complex |= block_complex;
      if (l < block.mixes.size()) {
        finish_mix(block.mixes[l], circuit.qubits, program);
        block_complex |= !block.mixes[l].phases.empty();
      }
    }
    program.block_layers = std::max(program.block_layers, static_cast<int>(block.layers.size()));
  }
  // Diagonal gates just before the readouts commute with them.
  if (std::all_of(program.blocks.begin(), program.blocks.end(),
                  [](const BlockProgram& block) { return block.layers.empty() && !block.product; })) {
    program.mixes.back().phases.clear();
    program.mixes.back().own.clear();
    program.mixes.back().gradient_slot = -1;
  }
  return program;
}

std::shared_ptr<const Program> Programs::get(const Circuit& circuit, BlockMethod method,
                                             const CompileOptions& options) {
  // The newest first: like circuits follow each other.
  for (auto known = known_.rbegin(); known != known_.rend(); ++known)
    if (known->method == method && known->options == options && known->circuit == circuit)
      return known->program;
  known_.push_back(
      {circuit, method, options, std::make_shared<const Program>(compile(circuit, method, options))});
  return known_.back().program;
}

}  // namespace qmtl::engine
