// SPDX-License-Identifier: Apache-2.0
#include "hardware/program_stats.h"

namespace qmtl {
namespace {

bool is_two_qubit(const DeviceOp& op) { return op.q1 >= 0; }

}  // namespace

int depth(const DeviceProgram& program) {
  return longest_chain(program, [](const DeviceOp&) { return true; });
}

int two_qubit_depth(const DeviceProgram& program) { return longest_chain(program, is_two_qubit); }

int two_qubit_gates(const DeviceProgram& program) {
  return static_cast<int>(std::count_if(program.ops.begin(), program.ops.end(), is_two_qubit));
}

ProgramStats program_stats(const DeviceProgram& program) {
  ProgramStats stats;
  for (const DeviceOp& op : program.ops) ++stats.gates[std::string(info(op.gate).name)];
  stats.depth = depth(program);
  stats.two_qubit_depth = two_qubit_depth(program);
  return stats;
}

}  // namespace qmtl
