// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/plan/amplitude_start.h"

#include <algorithm>
#include <bit>

namespace qmtl {
namespace {

using Ops = std::vector<Op>;

/// The gates of the list from `first` on are the preparation that layers.cpp writes, turned by those angles:
/// its targets, level by level, or none.
std::vector<int> prepared(const Ops& ops, std::size_t first, const std::vector<int>& angles) {
  const int levels = std::countr_zero(angles.size() + 1);
  std::vector<int> targets;
  std::size_t at = first, angle = 0;
  for (int k = 0; k < levels; ++k) {
    if (at >= ops.size()) return {};
    const int target = ops[at].q0;
    if (std::count(targets.begin(), targets.end(), target)) return {};
    for (unsigned i = 0; i < (1u << k); ++i) {
      if (at >= ops.size()) return {};
      const Op& turn = ops[at++];
      if (turn.gate != rotation_about("Y") || turn.q0 != target || turn.source != Source::angle ||
          turn.index != angles[angle++])
        return {};
      if (k == 0) continue;
      if (at >= ops.size()) return {};
      const Op& flip = ops[at++];
      const int bit = std::min(std::countr_zero(i + 1), k - 1);
      if (flip.gate != controlled_gate('X') || flip.q1 != target ||
          flip.q0 != targets[static_cast<std::size_t>(k - 1 - bit)])
        return {};
    }
    targets.push_back(target);
  }
  return targets;
}

int uses(const Ops& ops, const std::vector<int>& angles) {
  return static_cast<int>(std::count_if(ops.begin(), ops.end(), [&](const Op& op) {
    return op.source == Source::angle && std::find(angles.begin(), angles.end(), op.index) != angles.end();
  }));
}

std::optional<AmplitudeStart> start_with(const Circuit& circuit, const EncodedAngles& encoded) {
  const Ops& ops = circuit.shared;
  const auto begin = std::find_if(ops.begin(), ops.end(), [&](const Op& op) {
    return op.source == Source::angle && op.index == encoded.angles.front();
  });
  const auto first = static_cast<std::size_t>(begin - ops.begin());
  std::vector<int> qubits = prepared(ops, first, encoded.angles);
  if (qubits.empty()) return std::nullopt;
  // The highest bit is turned first.
  std::reverse(qubits.begin(), qubits.end());
  for (int qubit : qubits)
    if (std::any_of(ops.begin(), begin, [&](const Op& op) { return op.q0 == qubit || op.q1 == qubit; }))
      return std::nullopt;
  int all = uses(ops, encoded.angles);
  for (const Block& block : circuit.blocks) all += uses(block.ops, encoded.angles);
  if (all != static_cast<int>(encoded.angles.size())) return std::nullopt;
  AmplitudeStart start{encoded.encoding, encoded.numbers, encoded.angles, std::move(qubits), first};
  start.gates = (std::size_t{2} << start.qubits.size()) - 3;
  return start;
}

}  // namespace

std::optional<AmplitudeStart> amplitude_start(const Circuit& circuit) {
  if (circuit.qubits > most_start_qubits) return std::nullopt;
  for (const EncodedAngles& encoded : circuit.encoded)
    if (const std::optional<AmplitudeStart> start = start_with(circuit, encoded)) return start;
  return std::nullopt;
}

std::vector<Op> gates_behind(const Circuit& circuit, const AmplitudeStart& start) {
  Ops ops = circuit.shared;
  const auto begin = ops.begin() + static_cast<std::ptrdiff_t>(start.first);
  ops.erase(begin, begin + static_cast<std::ptrdiff_t>(start.gates));
  return ops;
}

}  // namespace qmtl
