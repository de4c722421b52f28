// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "hardware/program.h"

namespace qmtl {

/// What a program asks of a device. Depths are the longest chains of gates that share qubits, every gate
/// counting one (rz too, though it takes no time), as other tools count; readings do not.
struct ProgramStats {
  std::map<std::string, std::size_t> gates;  ///< how many of each name
  int depth = 0;
  int two_qubit_depth = 0;  ///< of two-qubit gates alone
};

/// Length of the longest chain of those gates that `counts` is true of.
template <class Counts>
int longest_chain(const DeviceProgram& program, Counts counts) {
  std::vector<int> at(static_cast<std::size_t>(program.qubits));
  int longest = 0;
  for (const DeviceOp& op : program.ops) {
    if (!counts(op)) continue;
    int& first = at[static_cast<std::size_t>(op.q0)];
    int& second = op.q1 >= 0 ? at[static_cast<std::size_t>(op.q1)] : first;
    first = second = std::max(first, second) + 1;
    longest = std::max(longest, first);
  }
  return longest;
}

int depth(const DeviceProgram& program);
/// Longest chain of two-qubit gates.
int two_qubit_depth(const DeviceProgram& program);
int two_qubit_gates(const DeviceProgram& program);

ProgramStats program_stats(const DeviceProgram& program);

}  // namespace qmtl
