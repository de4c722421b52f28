// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/plan/cost.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "runtime/circuit/controlled_turn.h"

namespace qmtl {
namespace {

/// What a list of gates costs on a statevector.
struct GateCount {
  int rotations =
      0;  ///< RY or RX passes after merging neighbours on the same qubit; the product state's are free
  int mixes = 0;  ///< passes of permutations and diagonals between them
  bool complex = false;
};

/// Of one qubit, on the way through a list of gates.
struct QubitState {
  bool fresh = false;   ///< still in the product state that the first upload writes directly
  bool open = false;    ///< a rotation can still be merged
  bool turned = false;  ///< the last gate was a controlled rotation
  int level = 0;
};

/// `qubits` hold the states before the gates; afterwards those of the gates' qubits are as before a block's.
GateCount count_gates(const std::vector<Op>& ops, std::vector<QubitState>& qubits) {
  GateCount count;
  const auto at = [&](int qubit) -> QubitState& { return qubits[static_cast<std::size_t>(qubit)]; };
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const Op& op = ops[i];
    if (!is_real(op.gate)) count.complex = true;
    if (const std::optional<ControlledTurn> turn = controlled_turn(std::span(ops).subspan(i))) {
      // On half of the state, of the ket as well on the way back, and one gate a load and store.
      count.rotations += 2;
      for (int q : {turn->control, turn->target}) at(q) = {false, true, true, at(q).level};
      i += turn->gates - 1;
      continue;
    }
    if (is_rotation(op.gate) && !is_diagonal(op.gate)) {
      if ((!at(op.q0).open && !at(op.q0).fresh) || at(op.q0).turned) ++count.rotations;
      at(op.q0).open = true;
      at(op.q0).turned = false;
      continue;
    }
    for (int q : {op.q0, op.q1}) {
      if (q < 0) continue;
      QubitState& state = at(q);
      if (state.open || state.fresh) ++state.level;
      state.open = state.fresh = state.turned = false;
      count.mixes = std::max(count.mixes, state.level);
    }
  }
  for (const Op& op : ops)
    for (int q : {op.q0, op.q1})
      if (q >= 0) at(q) = {};
  return count;
}

}  // namespace

void Cost::add(const Cost& other) {
  flops += other.flops;
  bytes = std::max(bytes, other.bytes);
  seconds += other.seconds;
}

/// A rotation costs one multiply-add an amplitude and component on the way there, one on the way back and one
/// for its gradient.
Cost state_cost(const Circuit& circuit, BlockMethod method, const CostModel& model,
                const AmplitudeStart* start) {
  std::vector<QubitState> qubits(static_cast<std::size_t>(circuit.qubits), QubitState{true, false, false, 0});
  // Behind the start there is a mix for the next gates, but no rotation to be merged with.
  if (start)
    for (int q : start->qubits) qubits[static_cast<std::size_t>(q)] = QubitState{false, false, false, 1};
  const GateCount shared = count_gates(start ? gates_behind(circuit, *start) : circuit.shared, qubits);
  const double amplitudes = std::ldexp(1.0, circuit.qubits);
  double parts = shared.complex ? 2 : 1, states = shared.mixes + 5, bytes = 0;
  double passes = 0, registers = 0, gemm = 0;
  auto layer_flops = [&](const GateCount& count, double p) {
    return amplitudes * (6 * p * count.rotations + 8 * p * p * count.mixes);
  };
  passes += amplitudes * 10 + layer_flops(shared, parts);
  if (method == BlockMethod::branch) {
    int deepest = 0;
    std::fill(qubits.begin(), qubits.end(), QubitState{});
    for (const Block& block : circuit.blocks) {
      const GateCount count = count_gates(block.ops, qubits);
      const double p = shared.complex || count.complex ? 2 : 1;
      parts = std::max(parts, p);
      deepest = std::max(deepest, count.mixes + 1);
      // One layer before one Z-string is a product readout: no way back through it, no mixes of its own.
      const bool product =
          count.mixes <= 1 && block.outputs.size() == 1 && block.outputs[0].strings.size() == 1;
      passes += product ? amplitudes * p * (4 * count.rotations + 6)
                        : layer_flops(count, p) + amplitudes * (block.ops.empty() ? 4 * p : 12 * p);
      passes += 4.0 * static_cast<double>(block.outputs.size()) *
                std::ldexp(1.0, static_cast<int>(block.qubits.size()));
    }
    states += deepest;
  } else {
    std::set<std::vector<int>> seen;
    for (const Block& block : circuit.blocks) {
      const double side = std::ldexp(1.0, static_cast<int>(block.qubits.size()));
      const double entries = parts == 2 ? side * side : side * (side + 1) / 2;
      gemm += 6 * entries * static_cast<double>(block.outputs.size());
      if (!seen.insert(block.qubits).second) continue;
      registers += amplitudes * side * (parts == 2 ? 12 : 3);  // density matrix, then the bra
      bytes += 4.0 * 16 * 5 * side * side;
    }
  }
  bytes += states * parts * amplitudes * 16 * sizeof(float);
  double rate = parts == 2 ? model.complex_passes : model.real_passes;
  if (bytes > model.cache) rate /= bytes > model.far_cache ? model.far_slow_down : model.slow_down;
  return {passes + registers + gemm, bytes,
          passes / rate + registers / model.registers + gemm / model.gemm + model.part};
}

Cost pauli_cost(const PauliExpansion& e, const CostModel& model) {
  // A sine and cosine with their derivatives is about 60 operations; a node a product and its two
  // derivatives; a term three multiply-adds. The coefficients are made once per step, here for 64 samples.
  const auto size = [](const auto& list) { return static_cast<double>(list.size()); };
  const double flops = 60 * size(e.sample) + 5 * size(e.nodes) + 6 * size(e.term_node);
  const double bytes = 4.0 * 16 * (5 * size(e.sample) + 2 * size(e.nodes) + size(e.term_node));
  return {flops, bytes, flops / model.expansion + size(e.edges) * model.edge / 64 + model.part};
}

}  // namespace qmtl
