// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "runtime/noise/schedule.h"

namespace qmtl {

/// An order of execution of a cone that keeps few qubits alive at a time. A qubit lives from its first
/// operation (before that it is |0>) until its last; then it is traced out, unless it is measured and kept.
struct Order {
  std::vector<int> ops;  ///< numbers of the cone's operations; every qubit's own keep their order
  int peak = 0;          ///< qubits alive at once
  double cost = 0;       ///< sum over the operations of 4^(qubits alive)
};

/// Searches greedily, from the cone alone: again and again the qubit is finished that leaves the fewest
/// alive. `kept` qubits live to the end. Any order gives the same state: operations on different qubits
/// commute.
Order find_order(std::span<const Timed> cone, int qubits, std::span<const int> kept);

}  // namespace qmtl
