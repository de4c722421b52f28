// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/levels.h"

#include <algorithm>
#include <optional>
#include <string>

#include "runtime/base/error.h"

namespace qmtl::engine {
namespace {

void append_cz(Mix& mix, std::uint64_t a, std::uint64_t b) {
  auto pair = std::minmax(a, b);
  auto found = std::find(mix.cz.begin(), mix.cz.end(), std::pair<std::uint64_t, std::uint64_t>(pair));
  if (found != mix.cz.end())
    mix.cz.erase(found);  // CZ twice is the identity
  else
    mix.cz.emplace_back(pair);
}

}  // namespace

Mix identity_mix(int qubits) {
  Mix mix;
  for (int q = 0; q < qubits; ++q) mix.bits.push_back(std::uint64_t{1} << q);
  return mix;
}

Levels::Levels(int qubits, bool lead, Mix entry, const std::vector<int>& started)
    : qubits_(qubits), lead_(lead), touched_(qubits, lead), layer_of_(qubits, 0), mix_of_(qubits, 0) {
  mixes_.push_back(std::move(entry));
  if (!lead) layers_.emplace_back();  // layer 0 exists even if empty: it makes |0...0>
  for (int q = 0; q < qubits; ++q) layer_of_[q] = lead ? 1 : 0;
  turn_of_ = layer_of_;
  // Layer 0 belongs to the others.
  for (int q : started) {
    touched_[q] = true;
    layer_of_[q] = 1;
  }
}

void Levels::add(std::span<const Op> ops, bool turns) {
  while (!ops.empty()) {
    const std::optional<ControlledTurn> found = turns ? controlled_turn(ops) : std::nullopt;
    if (found)
      turn(*found, ops.first(found->half));
    else
      add(ops.front());
    ops = ops.subspan(found ? found->gates : 1);
  }
}

void Levels::add(const Op& op) {
  if (!is_elementary(op.gate))
    throw usage_error("expected a circuit of elementary gates (CircuitWriter makes it), found " +
                      std::string(info(op.gate).name));
  // On a qubit that is still |0>: diagonal gates and controls do nothing but a global phase.
  for (int qubit : {op.q0, op.q1})
    if (qubit >= 0 && !touched_[qubit] && axis(op.gate, qubit == op.q0 ? 0 : 1) == 'Z') return;
  if (!is_rotation(op.gate)) {
    // Elementary gates on two qubits are CX and CZ (gates.h).
    Mix& mix = open({op.q0, op.q1});
    if (is_diagonal(op.gate))
      append_cz(mix, mix.bits[op.q0], mix.bits[op.q1]);
    else
      mix.bits[op.q1] ^= mix.bits[op.q0];
  } else if (axis(op.gate, 0) == 'Y') {
    rotate(op);
  } else if (axis(op.gate, 0) == 'X') {
    turn_about_x(op);
  } else if (op.source == Source::angle) {
    // RZ(a) = RX(pi / 2) RY(a) RX(-pi / 2): phases of mixes are the same for all samples.
    turn_about_x(fixed_rotation('X', op.q0, -half_pi));
    rotate(op);
    turn_about_x(fixed_rotation('X', op.q0, half_pi));
  } else {
    phase(op.q0, PhaseTerm{0, op.source == Source::param ? op.index : -1, op.angle});
  }
  touched_[op.q0] = true;
  if (op.q1 >= 0) touched_[op.q1] = true;
}

void Levels::turn_about_x(const Op& op) {
  if (touched_[op.q0]) phase(op.q0, PhaseTerm{0, -1, half_pi});
  rotate(op);
  phase(op.q0, PhaseTerm{0, -1, -half_pi});
  touched_[op.q0] = true;
}

void Levels::rotate(const Op& op) {
  const int number = layer_of_[op.q0];
  std::vector<RyGate>& gates = layer(number).gates;
  auto found = std::find_if(gates.begin(), gates.end(), [&](const RyGate& g) { return g.qubit == op.q0; });
  if (found == gates.end()) {
    gates.push_back({op.q0, {}, 0.0});
    found = gates.end() - 1;
  }
  if (op.source == Source::none)
    found->constant += op.angle;
  else
    found->terms.push_back({op.source == Source::angle, op.index});
  mix_of_[op.q0] = turn_of_[op.q0] = number;
}

void Levels::turn(const ControlledTurn& gate, std::span<const Op> half) {
  if (!touched_[gate.control]) return;  // its control is still |0>
  const int number = std::max(turn_of_[gate.control], turn_of_[gate.target]);
  Turn& made = layer(number).turns.emplace_back();
  made.control = gate.control;
  made.target = gate.target;
  made.about_x = axis(half.front().gate, 0) == 'X';
  for (const Op& op : half) {
    if (op.source == Source::none)
      made.constant += op.angle;
    else
      made.terms.push_back({op.source == Source::angle, op.index});
  }
  for (int q : {gate.control, gate.target}) {
    mix_of_[q] = turn_of_[q] = number;
    layer_of_[q] = number + 1;
    touched_[q] = true;
  }
}

RyLayer& Levels::layer(int number) {
  const std::size_t at = number - (lead_ ? 1 : 0);
  if (at >= layers_.size()) {
    layers_.emplace_back();
    mixes_.push_back(identity_mix(qubits_));
  }
  return layers_[at];
}

void Levels::phase(int q, PhaseTerm term) {
  Mix& mix = open({q});
  term.mask = mix.bits[q];
  mix.phases.push_back(term);
  if (term.param >= 0) mix.own.push_back(term);
}

Mix& Levels::open(std::initializer_list<int> qubits) {
  int at = 0;
  for (int q : qubits) at = std::max(at, mix_of_[q]);
  for (int q : qubits) {
    mix_of_[q] = at;
    layer_of_[q] = turn_of_[q] = at + 1;
  }
  return mixes_[at];
}

}  // namespace qmtl::engine
