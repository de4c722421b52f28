#include "hardware/program_stats.h"

#include <algorithm>
#include <vector>

namespace qmtl {

ProgramStats program_stats(const DeviceProgram& program) {
  ProgramStats stats;
  std::vector<int> depth(static_cast<std::size_t>(program.qubits)), two_qubit_depth = depth;
  for (const DeviceOp& op : program.ops) {
    const auto first = static_cast<std::size_t>(op.q0),
               second = static_cast<std::size_t>(op.q1 < 0 ? op.q0 : op.q1);
    ++stats.gates[std::string(info(op.gate).name)];
    depth[first] = depth[second] = std::max(depth[first], depth[second]) + 1;
    stats.depth = std::max(stats.depth, depth[first]);
    if (op.q1 < 0) continue;
    two_qubit_depth[first] = two_qubit_depth[second] =
        std::max(two_qubit_depth[first], two_qubit_depth[second]) + 1;
    stats.two_qubit_depth = std::max(stats.two_qubit_depth, two_qubit_depth[first]);
  }
  return stats;
}

}  // namespace qmtl
