// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/cones/cones.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <optional>

#include "runtime/circuit/cones/cone_finder.h"
#include "runtime/circuit/cones/support.h"

namespace qmtl {
namespace {

std::vector<int> iota(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

/// A rotation about a product of two Paulis, as lists of gates have it: a rotation between a gate on two
/// qubits and the same gate again.
class PairRotation {
 public:
  /// The one that the list's gates up to `last` end with.
  static std::optional<PairRotation> ending_at(const std::vector<Op>& ops, std::size_t last) {
    if (last < 2) return std::nullopt;
    const Op &before = ops[last - 2], &turn = ops[last - 1], &after = ops[last];
    if (after.q1 < 0 || is_rotation(after.gate) || !is_qubit_rotation(turn.gate)) return std::nullopt;
    if (before.gate != after.gate || before.q0 != after.q0 || before.q1 != after.q1) return std::nullopt;
    if (turn.q0 != after.q0 && turn.q0 != after.q1) return std::nullopt;
    const int side = turn.q0 == after.q1;
    const char own = axis(turn.gate, 0);
    // Quarter turns only permute strings, which gate by gate is told more precisely.
    if (own == axis(after.gate, side) || quarter_turns(turn) >= 0) return std::nullopt;
    return PairRotation(turn.q0, PauliSupport::flag_of(own), side ? after.q0 : after.q1,
                        PauliSupport::flag_of(axis(after.gate, 1 - side)));
  }

  bool commutes(const PauliSupport& support) const {
    return !(support.at(q0_) & ~p0_) && !(support.at(q1_) & ~p1_);
  }
  /// Strings that anticommute with the product, so on one of the two qubits, may be multiplied by it.
  void push_back(PauliSupport& support) const {
    const std::uint8_t first = support.at(q0_) & ~p0_, second = support.at(q1_) & ~p1_;
    const auto reach = [&](int qubit, std::uint8_t pauli, std::uint8_t own, std::uint8_t other) {
      if (own) support.add(qubit, static_cast<std::uint8_t>(PauliSupport::all & ~pauli));
      if (other) support.add(qubit, pauli);
    };
    reach(q0_, p0_, first, second);
    reach(q1_, p1_, second, first);
  }

 private:
  PairRotation(int q0, std::uint8_t p0, int q1, std::uint8_t p1) : q0_(q0), q1_(q1), p0_(p0), p1_(p1) {}

  int q0_, q1_;
  std::uint8_t p0_, p1_;
};

/// Which gates of a list do not commute with the support behind them. Asked from the last to the first; the
/// support is pushed back. The sets of single gates forget that a rotation of a pair leaves the Pauli of its
/// own axis as it is, and every pair would reach the next: such rotations are taken as a whole.
class Pruner {
 public:
  Pruner(const std::vector<Op>& ops, PauliSupport& support) : ops_(ops), support_(support) {}

  /// Gates on qubits that the support does not have need not be asked for.
  bool keeps(std::size_t number) {
    if (!in_pair(number)) begin_pair(number);
    if (in_pair(number) && pair_commutes_) return false;
    const bool kept = !support_.commutes(ops_[number]);
    if (kept) support_.push_back(ops_[number]);
    if (number == pair_) support_ = before_pair_;
    return kept;
  }

 private:
  bool in_pair(std::size_t number) const { return number >= pair_ && number <= pair_ + 2; }
  void begin_pair(std::size_t last) {
    pair_ = none;
    const auto rotation = PairRotation::ending_at(ops_, last);
    if (!rotation) return;
    pair_ = last - 2;
    pair_commutes_ = rotation->commutes(support_);
    before_pair_ = support_;
    rotation->push_back(before_pair_);
  }

  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  const std::vector<Op>& ops_;
  PauliSupport& support_;
  std::size_t pair_ = none;  ///< first of three gates that are a rotation of a pair
  bool pair_commutes_ = false;
  PauliSupport before_pair_;  ///< pushed back through all three
};

std::vector<Op> prune(const std::vector<Op>& ops, PauliSupport& support) {
  Pruner pruner(ops, support);
  std::vector<Op> kept;
  for (std::size_t number = ops.size(); number-- > 0;)
    if (pruner.keeps(number)) kept.push_back(ops[number]);
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

Cone finish(Cone cone, const std::vector<EncodedAngles>& encodings, Compaction compaction = {}) {
  compaction.use(cone.circuit.shared);
  for (const Block& block : cone.circuit.blocks) compaction.use(block);
  cone.qubits = compaction.qubits.finish();
  cone.angles = compaction.angles.finish();
  cone.params = compaction.params.finish();
  compaction.apply(cone.circuit.shared);
  for (Block& block : cone.circuit.blocks) compaction.apply(block);
  for (const EncodedAngles& encoded : encodings) {
    if (!std::all_of(encoded.angles.begin(), encoded.angles.end(),
                     [&](int angle) { return compaction.angles.used(angle); }))
      continue;
    EncodedAngles& kept = cone.circuit.encoded.emplace_back(encoded);
    for (int& angle : kept.angles) angle = compaction.angles(angle);
  }
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
  Pruner pruner(circuit_.shared, support);
  shared_.walk_back(
      support.qubits(), [&](int qubit) { return support.at(qubit) != 0; },
      [&](std::size_t number) {
        if (pruner.keeps(number)) kept.push_back(circuit_.shared[number]);
      });
  std::reverse(kept.begin(), kept.end());
  return finish(std::move(cone), circuit_.encoded);
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

std::vector<int> output_begin(const Circuit& circuit) {
  std::vector<int> begin{0};
  for (const Block& block : circuit.blocks)
    begin.push_back(begin.back() + static_cast<int>(block.outputs.size()));
  return begin;
}

Cone restrict_blocks(const Circuit& circuit, int first, int last) {
  return restrict_blocks(circuit, std::span<const int>(iota(last)).subspan(static_cast<std::size_t>(first)));
}

Cone restrict_blocks(const Circuit& circuit, std::span<const int> blocks) {
  const std::vector<int> first_output = output_begin(circuit);
  Cone cone;
  cone.circuit.shared = circuit.shared;
  for (const int number : blocks) {
    const auto block = static_cast<std::size_t>(number);
    cone.circuit.blocks.push_back(circuit.blocks[block]);
    for (int output = first_output[block]; output < first_output[block + 1]; ++output)
      cone.outputs.push_back(output);
  }
  Compaction compaction;
  for (int qubit = 0; qubit < circuit.qubits; ++qubit) compaction.qubits.use(qubit);
  for (int angle = 0; angle < circuit.angles; ++angle) compaction.angles.use(angle);
  return finish(std::move(cone), circuit.encoded, std::move(compaction));
}

}  // namespace qmtl
