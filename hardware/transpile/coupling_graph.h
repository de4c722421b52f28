// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "hardware/target.h"

namespace qmtl {

class DeviceQuality;

/// Which qubits of a device have two-qubit gates, and how far apart the others are.
class CouplingGraph {
 public:
  /// At most this many qubits if not all pairs are coupled: distances of all pairs are kept.
  static constexpr int max_qubits = 4096;

  /// `qubits`: of the device if the target leaves it open. Only what `quality` lets be used (null: all) has
  /// couplings and counts as connected. Throws Error (usage) naming a pair that makes no sense.
  CouplingGraph(const DeviceTarget& target, int qubits, const DeviceQuality* quality = nullptr);

  int qubits() const { return qubits_; }
  /// All pairs are coupled; there are no lists of neighbours then.
  bool complete() const { return neighbours_.empty(); }
  /// Ascending.
  std::span<const int> neighbours(int qubit) const { return neighbours_[static_cast<std::size_t>(qubit)]; }
  bool coupled(int a, int b) const { return distance(a, b) == 1; }
  /// The pair is listed in this order.
  bool listed(int a, int b) const { return complete() || pairs_.contains({a, b}); }
  /// Steps from a to b; qubits() if there is no way.
  int distance(int a, int b) const {
    if (complete()) return a != b;
    return distances_[static_cast<std::size_t>(a) * static_cast<std::size_t>(qubits_) +
                      static_cast<std::size_t>(b)];
  }
  /// The largest set of connected qubits, ascending; of equal ones that with the lowest number.
  const std::vector<int>& largest_part() const { return part_; }

 private:
  void measure_distances(const DeviceQuality* quality);

  int qubits_ = 0;
  std::set<std::pair<int, int>> pairs_;
  std::vector<std::vector<int>> neighbours_;
  std::vector<std::uint16_t> distances_;
  std::vector<int> part_;
};

/// The number of a target's qubits; `qubits` where it leaves that open.
int device_size(const DeviceTarget& target, int qubits);

}  // namespace qmtl
