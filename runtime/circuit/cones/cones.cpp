// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/cones/cones.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "runtime/circuit/cones/cone_finder.h"
#include "runtime/circuit/cones/support.h"

namespace qmtl {
namespace {

std::vector<int> iota(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

/// First output of every block; size blocks + 1.
std::vector<int> output_begin(const Circuit& circuit) {
  std::vector<int> begin{0};
  for (const Block& block : circuit.blocks)
    begin.push_back(begin.back() + static_cast<int>(block.outputs.size()));
  return begin;
}

/// The gates that do not commute with the support behind them, in circuit order; the support is pushed back.
std::vector<Op> prune(const std::vector<Op>& ops, PauliSupport& support) {
  std::vector<Op> kept;
  for (auto op = ops.rbegin(); op != ops.rend(); ++op) {
    if (support.commutes(*op)) continue;
    support.push_back(*op);
    kept.push_back(*op);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

/// Notes used numbers and, when all are known, numbers them without gaps in ascending order.
class Numbering {
 public:
  void use(int number) {
    if (number >= 0) numbers_.push_back(number);
  }
  std::vector<int> finish() {
    std::sort(numbers_.begin(), numbers_.end());
    numbers_.erase(std::unique(numbers_.begin(), numbers_.end()), numbers_.end());
    return numbers_;
  }
  bool used(int number) const { return std::binary_search(numbers_.begin(), numbers_.end(), number); }
  int operator()(int number) const {
    if (number < 0) return number;
    return static_cast<int>(std::lower_bound(numbers_.begin(), numbers_.end(), number) - numbers_.begin());
  }

 private:
  std::vector<int> numbers_;
};

/// Renumbers a pruned circuit to the qubits, angles and parameters that it uses.
struct Compaction {
  Numbering qubits, angles, params;

  void use(const std::vector<Op>& ops) {
    for (const Op& op : ops) {
      qubits.use(op.q0);
      qubits.use(op.q1);
      (op.source == Source::param ? params : angles).use(op.index);
    }
  }
  void use(const Block& block) {
    for (int qubit : block.qubits) qubits.use(qubit);
    use(block.ops);
    for (const Readout& readout : block.outputs)
      for (const ZString& string : readout.strings) {
        for (int qubit : string.qubits) qubits.use(qubit);
        params.use(string.weight_param);
      }
  }
  void apply(std::vector<Op>& ops) const {
    for (Op& op : ops) {
      op.q0 = qubits(op.q0);
      op.q1 = qubits(op.q1);
      op.index = (op.source == Source::param ? params : angles)(op.index);
    }
  }
  void apply(Block& block) const {
    for (int& qubit : block.qubits) qubit = qubits(qubit);
    apply(block.ops);
    for (Readout& readout : block.outputs)
      for (ZString& string : readout.strings) {
        for (int& qubit : string.qubits) qubit = qubits(qubit);
        string.weight_param = params(string.weight_param);
      }
  }
};

/// The register without the qubits that neither a gate nor a readout of the block touches; never empty.
std::vector<int> used_register(const Block& block) {
  Numbering used;
  for (const Op& op : block.ops) {
    used.use(op.q0);
    used.use(op.q1);
  }
  for (const Readout& readout : block.outputs)
    for (const ZString& string : readout.strings)
      for (int qubit : string.qubits) used.use(qubit);
  used.finish();
  std::vector<int> kept;
  for (int qubit : block.qubits)
    if (used.used(qubit)) kept.push_back(qubit);
  if (kept.empty() && !block.qubits.empty()) kept.push_back(block.qubits.front());
  return kept;
}

Cone finish(Cone cone, Compaction compaction = {}) {
  compaction.use(cone.circuit.shared);
  for (const Block& block : cone.circuit.blocks) compaction.use(block);
  cone.qubits = compaction.qubits.finish();
  cone.angles = compaction.angles.finish();
  cone.params = compaction.params.finish();
  compaction.apply(cone.circuit.shared);
  for (Block& block : cone.circuit.blocks) compaction.apply(block);
  cone.circuit.qubits = static_cast<int>(cone.qubits.size());
  cone.circuit.angles = static_cast<int>(cone.angles.size());
  cone.circuit.params = static_cast<int>(cone.params.size());
  return cone;
}

}  // namespace

ConeFinder::ConeFinder(const Circuit& circuit)
    : circuit_(circuit), shared_(circuit.shared, circuit.qubits), first_output_(output_begin(circuit)) {}

Cone ConeFinder::operator()(const std::vector<int>& blocks) const {
  Cone cone;
  PauliSupport support;
  for (int b : blocks) {
    const std::size_t index = static_cast<std::size_t>(b);
    Block block = circuit_.blocks[index];
    PauliSupport own;
    for (const Readout& readout : block.outputs) own.add(readout);
    block.ops = prune(block.ops, own);
    block.qubits = used_register(block);
    support.add(own);
    cone.circuit.blocks.push_back(std::move(block));
    for (int output = first_output_[index]; output < first_output_[index + 1]; ++output)
      cone.outputs.push_back(output);
  }
  std::vector<Op>& kept = cone.circuit.shared;
  shared_.walk_back(
      support.qubits(), [&](int qubit) { return support.at(qubit) != 0; },
      [&](std::size_t number) {
        const Op& op = circuit_.shared[number];
        if (support.commutes(op)) return;
        support.push_back(op);
        kept.push_back(op);
      });
  std::reverse(kept.begin(), kept.end());
  return finish(std::move(cone));
}

Cone cone_of(const Circuit& circuit, const std::vector<int>& blocks) { return ConeFinder(circuit)(blocks); }

Cone whole(const Circuit& circuit) {
  return {circuit, iota(circuit.qubits), iota(circuit.angles), iota(circuit.params), iota(circuit.outputs())};
}

std::vector<std::vector<int>> blocks_by_register(const Circuit& circuit) {
  std::vector<std::vector<int>> groups;
  std::map<std::vector<int>, std::size_t> group_of;
  for (std::size_t b = 0; b < circuit.blocks.size(); ++b) {
    const auto [place, is_new] = group_of.try_emplace(circuit.blocks[b].qubits, groups.size());
    if (is_new) groups.emplace_back();
    groups[place->second].push_back(static_cast<int>(b));
  }
  return groups;
}

Cone restrict_blocks(const Circuit& circuit, int first, int last) {
  const std::vector<int> first_output = output_begin(circuit);
  Cone cone;
  cone.circuit.shared = circuit.shared;
  cone.circuit.blocks.assign(circuit.blocks.begin() + first, circuit.blocks.begin() + last);
  for (int output = first_output[static_cast<std::size_t>(first)];
       output < first_output[static_cast<std::size_t>(last)]; ++output)
    cone.outputs.push_back(output);
  Compaction compaction;
  for (int qubit = 0; qubit < circuit.qubits; ++qubit) compaction.qubits.use(qubit);
  for (int angle = 0; angle < circuit.angles; ++angle) compaction.angles.use(angle);
  return finish(std::move(cone), std::move(compaction));
}

}  // namespace qmtl
