// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <numeric>

#include "io/onnx/gates.h"
#include "io/onnx/model.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// Gates with fixed angles on up to so many qubits become one matrix.
constexpr std::size_t group_qubits = 4;
/// Index tables grow with the state; beyond this a file is no longer something to deploy.
constexpr int most_qubits = 16;

/// A statevector in real form: amplitude i of the state is sign[i] * tensor[source[i]], so that entanglers
/// move no numbers. The gates in `group` are still to be done, all on the qubits `qubits`.
struct StateValue {
  OnnxValue tensor;  ///< [batch, size]
  std::vector<std::uint32_t> source;
  std::vector<std::int8_t> sign;
  std::vector<Op> group;
  std::vector<int> qubits;

  bool grouped(int q) const { return std::find(qubits.begin(), qubits.end(), q) != qubits.end(); }
};

bool is_fixed(const Op& op) { return op.source != Source::angle; }

class StateWriter {
 public:
  StateWriter(OnnxGraph& graph, const BoundCircuit& bound, const Part& part, OnnxValue angles)
      : graph_(graph), cone_(part.cone), circuit_(part.cone.circuit), angles_(std::move(angles)) {
    for (int p : cone_.params) params_.push_back(bound.params[static_cast<std::size_t>(p)]);
    const auto turns = [](const Op& op) { return !is_real(op.gate); };
    complex_ = std::any_of(circuit_.shared.begin(), circuit_.shared.end(), turns);
    for (const Block& block : circuit_.blocks)
      complex_ = complex_ || std::any_of(block.ops.begin(), block.ops.end(), turns);
    bits_ = static_cast<std::size_t>(circuit_.qubits) + (complex_ ? 1 : 0);
    size_ = std::size_t{1} << bits_;
    batch_angles_ = static_cast<std::size_t>(bound.circuit.angles);
  }

  OnnxOutputs write(BlockMethod method) {
    StateValue state = shared_state();
    std::vector<OnnxValue> values;
    OnnxOutputs outputs;
    const auto append = [&](const OnnxValue& value, const std::vector<int>& blocks) {
      values.push_back(value);
      for (int block : blocks)
        for (std::size_t o = 0; o < circuit_.blocks[static_cast<std::size_t>(block)].outputs.size(); ++o)
          outputs.numbers.push_back(cone_.outputs[first_output(block) + o]);
    };
    if (method == BlockMethod::operators) {
      settle(state);
      for (const std::vector<int>& blocks : blocks_by_register(circuit_))
        append(operators(state, blocks), blocks);
    } else {
      for (const std::vector<int>& blocks : blocks_by_gates()) append(branch(state, blocks), blocks);
    }
    outputs.value = graph_.concat(values, 1);
    return outputs;
  }

 private:
  std::size_t first_output(int block) const {
    std::size_t first = 0;
    for (int b = 0; b < block; ++b) first += circuit_.blocks[static_cast<std::size_t>(b)].outputs.size();
    return first;
  }

  /// Every qubit's first rotations make a product state, whatever gates on other qubits come between.
  StateValue shared_state() {
    std::vector<std::vector<Op>> first(static_cast<std::size_t>(circuit_.qubits));
    std::vector<bool> closed(first.size(), false);
    std::vector<Op> rest;
    for (const Op& op : circuit_.shared) {
      const auto q = static_cast<std::size_t>(op.q0);
      std::vector<Op>& run = first[q];
      if (is_rotation(op.gate) && !closed[q]) {
        if (run.empty() && is_diagonal(op.gate)) continue;  // a phase of |0>
        if (run.empty() || run[0].gate == op.gate) {
          run.push_back(op);
          continue;
        }
      }
      closed[q] = true;
      if (op.q1 >= 0) closed[static_cast<std::size_t>(op.q1)] = true;
      rest.push_back(op);
    }
    StateValue state = product_state(first);
    for (const Op& op : rest) apply(state, op);
    return state;
  }

  /// Runs of RY or RX on |0>: RX(a) |0> = RZ(-pi/2) RY(a) |0> up to a phase.
  StateValue product_state(const std::vector<std::vector<Op>>& runs) {
    std::vector<WeightedColumns> rows;
    std::vector<double> constants;
    for (const std::vector<Op>& run : runs) {
      WeightedColumns& row = rows.emplace_back();
      double& constant = constants.emplace_back(0.0);
      for (const Op& op : run) {
        if (is_fixed(op))
          constant += 0.5 * fixed_angle(op, params_);
        else
          row.emplace_back(angle_column(op), 0.5);
      }
    }
    const OnnxValue half = graph_.combine(angles_, batch_angles_, rows, constants);
    const auto count = static_cast<std::int64_t>(runs.size());
    const OnnxValue pairs =  // [batch, qubits, 2]
        graph_.concat({graph_.reshape(graph_.node("Cos", {half}), {count, 1}),
                       graph_.reshape(graph_.node("Sin", {half}), {count, 1})},
                      2);
    OnnxValue product;
    std::int64_t amplitudes = 1;
    for (std::size_t q = runs.size(); q-- > 0; amplitudes *= 2) {  // from the highest bit on
      const OnnxValue pair = graph_.gather(pairs, {static_cast<std::int64_t>(q)}, 1);
      product = product.empty() ? pair : graph_.multiply(graph_.reshape(product, {amplitudes, 1}), pair);
    }
    StateValue state;
    state.tensor = graph_.reshape(product, {amplitudes});
    if (complex_)
      state.tensor =
          graph_.node("Pad", {state.tensor, graph_.integers({0, 0, 0, std::int64_t{1} << circuit_.qubits})});
    state.source.resize(size_);
    std::iota(state.source.begin(), state.source.end(), 0u);
    state.sign.assign(size_, 1);
    for (std::size_t q = 0; q < runs.size(); ++q)
      if (!runs[q].empty() && axis(runs[q][0].gate, 0) == 'X')
        apply(state, fixed_rotation('Z', static_cast<int>(q), -half_pi));
    return state;
  }

  std::size_t angle_column(const Op& op) const {
    return static_cast<std::size_t>(cone_.angles[static_cast<std::size_t>(op.index)]);
  }

  void apply(StateValue& state, const Op& op) {
    const bool touches = state.grouped(op.q0) || state.grouped(op.q1);
    if (!is_fixed(op)) {
      if (touches) settle(state);
      rotate(state, op);
      return;
    }
    if (!is_rotation(op.gate) && !touches) {
      entangle_qubits(state, op);
      return;
    }
    std::vector<int> joined = state.qubits;
    for (int q : {op.q0, op.q1})
      if (q >= 0 && !state.grouped(q)) joined.push_back(q);
    if (joined.size() > group_qubits) {
      settle(state);
      apply(state, op);
      return;
    }
    state.qubits = std::move(joined);
    state.group.push_back(op);
  }

  /// CX and CZ are their own inverses: amplitude i comes from where the gate moves i.
  void entangle_qubits(StateValue& state, const Op& op) const {
    const std::size_t a = std::size_t{1} << op.q0, b = std::size_t{1} << op.q1;
    const StateValue before = state;
    for (std::size_t i = 0; i < size_; ++i) {
      const std::size_t from = !is_diagonal(op.gate) && (i & a) ? i ^ b : i;
      state.source[i] = before.source[from];
      state.sign[i] = before.sign[from];
      if (is_diagonal(op.gate) && (i & a) && (i & b))
        state.sign[i] = static_cast<std::int8_t>(-state.sign[i]);
    }
  }

  /// exp(-i a P / 2) = cos(a / 2) - i P sin(a / 2), where -i P is a permutation with signs.
  void rotate(StateValue& state, const Op& op) {
    const std::size_t qubit = std::size_t{1} << op.q0, imaginary = size_ / 2;
    const char pauli = axis(op.gate, 0);
    StateValue turned = state;
    for (std::size_t i = 0; i < size_; ++i) {
      const bool one = i & qubit, im = complex_ && (i & imaginary);
      const std::size_t from = i ^ (pauli == 'Z' ? 0 : qubit) ^ (pauli == 'Y' ? 0 : imaginary);
      const bool minus = pauli == 'Y' ? !one : pauli == 'X' ? im : im != one;
      turned.source[i] = state.source[from];
      turned.sign[i] = static_cast<std::int8_t>(minus ? -state.sign[from] : state.sign[from]);
    }
    const auto& [cosine, sine] = half_angle(angle_column(op));
    std::vector<std::size_t> order(size_);
    std::iota(order.begin(), order.end(), 0);
    state.tensor = graph_.add(graph_.multiply(in_order(state, order), cosine),
                              graph_.multiply(in_order(turned, order), sine));
    forget_moves(state, order);
  }

  /// cos(a / 2), sin(a / 2) of a sample's angle, [batch, 1].
  const std::pair<OnnxValue, OnnxValue>& half_angle(std::size_t column) {
    const auto [known, added] = half_angles_.try_emplace(column);
    if (added) {
      const OnnxValue half = graph_.combine(angles_, batch_angles_, {{{column, 0.5}}}, {});
      known->second = {graph_.node("Cos", {half}), graph_.node("Sin", {half})};
    }
    return known->second;
  }

  /// The tensor whose element j is amplitude order[j].
  OnnxValue in_order(const StateValue& state, const std::vector<std::size_t>& order) {
    std::vector<std::int64_t> source;
    std::vector<double> sign;
    bool moved = false, flipped = false;
    for (std::size_t j = 0; j < size_; ++j) {
      source.push_back(state.source[order[j]]);
      sign.push_back(state.sign[order[j]]);
      moved = moved || source[j] != static_cast<std::int64_t>(j);
      flipped = flipped || sign[j] < 0;
    }
    OnnxValue tensor = moved ? graph_.gather(state.tensor, source, 1) : state.tensor;
    return flipped ? graph_.multiply(tensor, graph_.vector(sign)) : tensor;
  }
  static void forget_moves(StateValue& state, const std::vector<std::size_t>& order) {
    for (std::size_t j = 0; j < order.size(); ++j) state.source[order[j]] = static_cast<std::uint32_t>(j);
    state.sign.assign(order.size(), 1);
  }

  /// Amplitudes with the bits of `qubits` (and the imaginary part's) lowest.
  std::vector<std::size_t> register_order(const std::vector<int>& qubits) const {
    std::vector<std::size_t> bits;
    for (int q : qubits) bits.push_back(static_cast<std::size_t>(q));
    if (complex_) bits.push_back(bits_ - 1);
    for (std::size_t b = 0; b < bits_; ++b)
      if (std::find(bits.begin(), bits.end(), b) == bits.end()) bits.push_back(b);
    std::vector<std::size_t> order(size_, 0);
    for (std::size_t j = 0; j < size_; ++j)
      for (std::size_t b = 0; b < bits_; ++b) order[j] |= (j >> b & 1) << bits[b];
    return order;
  }

  /// Does the group.
  void settle(StateValue& state) {
    if (state.group.empty()) return;
    const RealMatrix u = unitary_of(state.group, params_, state.qubits, complex_);
    std::vector<double> transposed(u.entries.size());
    for (std::size_t i = 0; i < u.size; ++i)
      for (std::size_t j = 0; j < u.size; ++j) transposed[j * u.size + i] = u.entries[i * u.size + j];
    const auto columns = static_cast<std::int64_t>(u.size);
    const std::vector<std::size_t> order = register_order(state.qubits);
    const OnnxValue rows =
        graph_.reshape(in_order(state, order), {static_cast<std::int64_t>(size_) / columns, columns});
    state.tensor =
        graph_.reshape(graph_.node("MatMul", {rows, graph_.floats(transposed, {columns, columns})}),
                       {static_cast<std::int64_t>(size_)});
    forget_moves(state, order);
    state.group.clear();
    state.qubits.clear();
  }

  /// Blocks with equal gates share a branch.
  std::vector<std::vector<int>> blocks_by_gates() const {
    std::vector<std::vector<int>> lists;
    for (std::size_t b = 0; b < circuit_.blocks.size(); ++b) {
      const auto same = std::find_if(lists.begin(), lists.end(), [&](const std::vector<int>& list) {
        return circuit_.blocks[static_cast<std::size_t>(list[0])].ops == circuit_.blocks[b].ops;
      });
      if (same != lists.end())
        same->push_back(static_cast<int>(b));
      else
        lists.push_back({static_cast<int>(b)});
    }
    return lists;
  }

  /// Probabilities times the readouts' diagonals; moved amplitudes move the diagonals' rows instead.
  OnnxValue branch(StateValue state, const std::vector<int>& blocks) {
    for (const Op& op : circuit_.blocks[static_cast<std::size_t>(blocks[0])].ops) apply(state, op);
    settle(state);
    std::vector<const Readout*> readouts;
    for (int block : blocks)
      for (const Readout& readout : circuit_.blocks[static_cast<std::size_t>(block)].outputs)
        readouts.push_back(&readout);
    std::vector<double> diagonals(size_ * readouts.size());
    for (std::size_t i = 0; i < size_; ++i)
      for (std::size_t r = 0; r < readouts.size(); ++r)
        diagonals[state.source[i] * readouts.size() + r] = diagonal_value(*readouts[r], params_, i);
    return graph_.dense(graph_.multiply(state.tensor, state.tensor), readouts.size(), diagonals, {});
  }

  /// The register's density matrix in real form, then one product for all outputs.
  OnnxValue operators(const StateValue& state, const std::vector<int>& blocks) {
    const std::vector<int>& qubits = circuit_.blocks[static_cast<std::size_t>(blocks[0])].qubits;
    std::vector<RealMatrix> observables;
    for (int block : blocks)
      for (RealMatrix& found :
           observables_of(circuit_.blocks[static_cast<std::size_t>(block)], params_, complex_))
        observables.push_back(std::move(found));
    const std::size_t size = observables[0].size;
    const auto extent = static_cast<std::int64_t>(size);
    std::vector<double> weights;
    for (std::size_t e = 0; e < size * size; ++e)
      for (const RealMatrix& observable : observables) weights.push_back(observable.entries[e]);
    const OnnxValue rows = graph_.reshape(in_order(state, register_order(qubits)),
                                          {static_cast<std::int64_t>(size_) / extent, extent});
    const OnnxValue density = graph_.node("MatMul", {graph_.transpose(rows, {0, 2, 1}), rows});
    return graph_.dense(graph_.reshape(density, {extent * extent}), observables.size(), weights, {});
  }

  OnnxGraph& graph_;
  const Cone& cone_;
  const Circuit& circuit_;
  OnnxValue angles_;
  std::size_t batch_angles_ = 0;
  std::vector<double> params_;
  bool complex_ = false;  ///< the highest bit of an index then tells the imaginary part
  std::size_t bits_ = 0, size_ = 0;
  std::map<std::size_t, std::pair<OnnxValue, OnnxValue>> half_angles_;
};

}  // namespace

OnnxOutputs add_onnx_state(OnnxGraph& graph, const BoundCircuit& bound, const Part& part,
                           const OnnxValue& angles) {
  if (part.cone.circuit.qubits > most_qubits)
    throw usage_error("a statevector of " + std::to_string(part.cone.circuit.qubits) +
                      " qubits is too large for an ONNX graph (at most " + std::to_string(most_qubits) +
                      "); use a circuit with local registers and fewer layers (circuit.layers), or keep to "
                      "qmtl predict");
  return StateWriter(graph, bound, part, angles).write(part.method);
}

}  // namespace qmtl
