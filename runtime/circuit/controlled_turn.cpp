// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/controlled_turn.h"

namespace qmtl {
namespace {

/// The other qubit of a CZ on `qubit`, or -1.
int partner(const Op& op, int qubit) {
  if (is_rotation(op.gate) || !is_diagonal(op.gate) || (op.q0 != qubit && op.q1 != qubit)) return -1;
  return op.q0 == qubit ? op.q1 : op.q0;
}

/// The controlled rotation that `ops` begin with where undoes(a, b) says that rotation b, about the axis of a
/// and from the same source, turns by minus what a does.
template <class Undoes>
std::optional<ControlledTurn> find_turn(std::span<const Op> ops, const Undoes& undoes) {
  if (ops.empty() || !is_rotation(ops[0].gate) || is_diagonal(ops[0].gate)) return {};
  const int target = ops[0].q0;
  const auto undone = [&](const Op& first, const Op& second) {
    return first.gate == ops[0].gate && first.q0 == target && second.gate == first.gate &&
           second.q0 == target && second.source == first.source && undoes(first, second);
  };
  // A sample and a parameter may each have a rotation.
  for (std::size_t half = 1; half <= 2 && 2 * half + 2 <= ops.size(); ++half) {
    const int control = partner(ops[half], target);
    if (control < 0 || partner(ops[2 * half + 1], target) != control) continue;
    bool matches = true;
    for (std::size_t i = 0; i < half; ++i) matches = matches && undone(ops[i], ops[half + 1 + i]);
    if (matches) return ControlledTurn{control, target, half, 2 * half + 2};
  }
  return {};
}

/// Whether the rotations turn by opposite angles, whatever the sample and the trainable numbers are.
bool opposite(const Circuit& circuit, const Op& a, const Op& b) {
  if (a.source == Source::none) return a.angle == -b.angle;
  // Where there are no expressions, all are numbers of their own.
  const std::vector<Expression>& of = a.source == Source::angle ? circuit.angle_of : circuit.param_of;
  return !of.empty() &&
         of[static_cast<std::size_t>(a.index)] == scaled(of[static_cast<std::size_t>(b.index)], -1.0);
}

void mark_halves(const Circuit& circuit, std::vector<Op>& ops) {
  const auto undoes = [&](const Op& a, const Op& b) { return opposite(circuit, a, b); };
  for (std::size_t i = 0; i < ops.size();) {
    const std::optional<ControlledTurn> turn = find_turn(std::span(ops).subspan(i), undoes);
    for (std::size_t k = 0; turn && k < turn->half; ++k) {
      ops[i + k].half = Half::first;
      ops[i + turn->half + 1 + k].half = Half::undone;
    }
    i += turn ? turn->gates : 1;
  }
}

}  // namespace

void mark_halves(Circuit& circuit) {
  mark_halves(circuit, circuit.shared);
  for (Block& block : circuit.blocks) mark_halves(circuit, block.ops);
}

std::optional<ControlledTurn> controlled_turn(std::span<const Op> ops) {
  return find_turn(ops,
                   [](const Op& a, const Op& b) { return a.half == Half::first && b.half == Half::undone; });
}

}  // namespace qmtl
