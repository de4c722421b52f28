// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/schedule.h"

#include <algorithm>
#include <utility>

namespace qmtl {
namespace {

/// Occupation of one qubit's slices.
struct Lane {
  int floor = 0;           ///< first slice behind the last gate that is not diagonal on two qubits
  int next = 0;            ///< first slice behind all gates
  std::vector<int> taken;  ///< slices of diagonal gates on two qubits from `floor` on

  bool is_free(int moment) const { return std::find(taken.begin(), taken.end(), moment) == taken.end(); }
};

}  // namespace

std::vector<Timed> schedule(std::span<const Op> ops, int qubits) {
  std::vector<Lane> lanes(static_cast<std::size_t>(qubits));
  std::vector<Timed> timed;
  timed.reserve(ops.size());
  for (const Op& op : ops) {
    Lane& a = lanes[static_cast<std::size_t>(op.q0)];
    Lane& b = op.q1 < 0 ? a : lanes[static_cast<std::size_t>(op.q1)];
    int moment = std::max(a.next, b.next);
    if (op.q1 >= 0 && is_diagonal(op.gate)) {
      moment = std::max(a.floor, b.floor);
      while (!a.is_free(moment) || !b.is_free(moment)) ++moment;
      a.taken.push_back(moment);
      b.taken.push_back(moment);
      a.next = std::max(a.next, moment + 1);
      b.next = std::max(b.next, moment + 1);
    } else {
      for (Lane* lane : {&a, &b}) *lane = {moment + 1, moment + 1, {}};
    }
    timed.push_back({op, moment});
  }
  std::stable_sort(timed.begin(), timed.end(),
                   [](const Timed& x, const Timed& y) { return x.moment < y.moment; });
  return timed;
}

std::vector<Timed> backward_cone(std::span<const Timed> timed, int qubits, std::span<const int> measured) {
  std::vector<bool> reached(static_cast<std::size_t>(qubits), false);
  for (int qubit : measured) reached[static_cast<std::size_t>(qubit)] = true;
  std::vector<Timed> kept;
  for (auto entry = timed.rbegin(); entry != timed.rend(); ++entry) {
    const auto q0 = static_cast<std::size_t>(entry->op.q0);
    const auto q1 = entry->op.q1 < 0 ? q0 : static_cast<std::size_t>(entry->op.q1);
    if (!reached[q0] && !reached[q1]) continue;
    reached[q0] = reached[q1] = true;
    kept.push_back(*entry);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

}  // namespace qmtl
