// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/controlled_turn.h"

namespace qmtl {
namespace {

/// Whether `op` turns by minus what `turn` does.
bool undoes(const Op& op, const Op& turn) {
  return op.half == Half::undone && op.gate == turn.gate && op.q0 == turn.q0 && op.source == turn.source;
}

/// The other qubit of a CZ on `qubit`, or -1.
int partner(const Op& op, int qubit) {
  if (is_rotation(op.gate) || !is_diagonal(op.gate) || (op.q0 != qubit && op.q1 != qubit)) return -1;
  return op.q0 == qubit ? op.q1 : op.q0;
}

}  // namespace

std::optional<ControlledTurn> controlled_turn(std::span<const Op> ops) {
  std::size_t half = 0;
  while (half < ops.size() && ops[half].half == Half::first && !is_diagonal(ops[half].gate) &&
         ops[half].gate == ops[0].gate && ops[half].q0 == ops[0].q0)
    ++half;
  if (half == 0 || ops.size() < 2 * half + 2) return {};
  const int target = ops[0].q0, control = partner(ops[half], target);
  if (control < 0 || partner(ops[2 * half + 1], target) != control) return {};
  for (std::size_t i = 0; i < half; ++i)
    if (!undoes(ops[half + 1 + i], ops[i])) return {};
  return ControlledTurn{control, target, half, 2 * half + 2};
}

}  // namespace qmtl
