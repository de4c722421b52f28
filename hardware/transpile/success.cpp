// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/success.h"

#include <algorithm>

#include "hardware/transpile/index.h"

namespace qmtl {
namespace {

/// Calls wait(qubit, seconds) for every gap between operations that take length(op). From the end backwards:
/// what has gates or readings behind it keeps a state.
template <class Length, class Wait>
void for_each_gap(const DeviceProgram& program, Length length, Wait wait) {
  std::vector<double> busy(at(program.qubits), 0.0);  // from then on, counted back from the readings
  std::vector<char> needed(at(program.qubits), false);
  for (int qubit : program.measured) needed[at(qubit)] = true;
  for (auto op = program.ops.rbegin(); op != program.ops.rend(); ++op) {
    const bool two = op->q1 >= 0;
    const double end = two ? std::max(busy[at(op->q0)], busy[at(op->q1)]) : busy[at(op->q0)];
    for (int qubit : {op->q0, op->q1}) {
      if (qubit < 0) continue;
      if (needed[at(qubit)] && end > busy[at(qubit)]) wait(qubit, end - busy[at(qubit)]);
      needed[at(qubit)] = true;
      busy[at(qubit)] = end + length(*op);
    }
  }
}

}  // namespace

SuccessEstimate estimate_success(const DeviceProgram& program, const DeviceQuality& quality) {
  SuccessEstimate estimate;
  for (const DeviceOp& op : program.ops) estimate.gates *= 1 - quality.error(op.gate, op.q0, op.q1);
  for (int qubit : program.measured) estimate.readout *= 1 - quality.readout_error(qubit);
  for_each_gap(
      program, [&](const DeviceOp& op) { return quality.length(op.gate, op.q0, op.q1); },
      [&](int qubit, double seconds) { estimate.waiting *= 1 - quality.waiting_error(qubit, seconds); });
  return estimate;
}

std::vector<double> waiting_times(const DeviceProgram& program, const DeviceQuality& quality) {
  std::vector<double> seconds(at(program.qubits), 0.0);
  for_each_gap(
      program, [&](const DeviceOp& op) { return quality.typical_length(op.gate); },
      [&](int qubit, double gap) { seconds[at(qubit)] += gap; });
  return seconds;
}

}  // namespace qmtl
