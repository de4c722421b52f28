// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/transpile.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "hardware/transpile/index.h"
#include "hardware/transpile/layout_search.h"
#include "hardware/transpile/pair_turns.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

std::string basis_text(const DeviceTarget& target) {
  std::string text;
  for (DeviceGate gate : target.basis) text += (text.empty() ? "" : ", ") + std::string(info(gate).name);
  if (!target.unsupported.empty()) {
    text += " (of the device's other gates these are not supported:";
    for (const std::string& name : target.unsupported) text += " " + name;
    text += ")";
  }
  return text;
}

void check_size(const DeviceProgram& program, const DeviceTarget& target, int qubits, int part) {
  if (program.qubits <= part) return;
  const std::string needs = "program " + program.name + ": needs " + std::to_string(program.qubits) +
                            " qubits, device " + target.name + " has " + std::to_string(qubits);
  if (program.qubits > qubits)
    throw usage_error(needs + "; take a larger device or a split into smaller programs");
  throw usage_error(needs + ", but at most " + std::to_string(part) +
                    " of them are connected; take another device or a split into smaller programs");
}

[[noreturn]] void refuse_basis(const DeviceProgram& program, const DeviceTarget& target, DeviceGate gate,
                               const std::string& missing) {
  throw usage_error("program " + program.name + ": gate " + std::string(info(gate).name) +
                    " cannot be written in the basis " + basis_text(target) + " of device " + target.name +
                    "; expected " + missing);
}

/// A basis without all one-qubit gates can only have programs of its own gates where they are.
bool native_as_it_is(const DeviceProgram& program, const BasisSet& basis, const CouplingGraph& graph) {
  return std::all_of(program.ops.begin(), program.ops.end(), [&](const DeviceOp& op) {
    return basis.has(op.gate) && (op.q1 < 0 || graph.listed(op.q0, op.q1));
  });
}

void check_basis(const DeviceProgram& program, const DeviceTarget& target, const BasisSet& basis) {
  for (const DeviceOp& op : program.ops) {
    if (!basis.every_one_qubit_gate())
      refuse_basis(program, target, op.gate, "rz and at least one of sx, rx and ry");
    if (op.q1 >= 0 && !basis.entangler()) refuse_basis(program, target, op.gate, "one of cz, cx and rzz");
  }
}

TranspileResult unchanged(const DeviceProgram& program) {
  TranspileResult result;
  result.program = program;
  result.layout_kind = "unchanged";
  result.layout.resize(at(program.qubits));
  std::iota(result.layout.begin(), result.layout.end(), 0);
  result.final_layout = result.layout;
  measure(result);
  return result;
}

/// The parts of a device that a program may use.
struct UsableDevice {
  DeviceQuality quality;
  CouplingGraph graph;

  UsableDevice(const DeviceTarget& target, int qubits, DeviceQuality::Avoid avoid)
      : quality(target, device_size(target, qubits), avoid), graph(target, qubits, &quality) {}

  int largest() const { return static_cast<int>(graph.largest_part().size()); }
};

/// Without what is not calibrated, unless the program does not fit then.
UsableDevice usable_device(const DeviceProgram& program, const DeviceTarget& target,
                           std::vector<std::string>& remarks) {
  UsableDevice strict(target, program.qubits, DeviceQuality::Avoid::uncalibrated);
  remarks = strict.quality.remarks();
  if (remarks.empty() || program.qubits > strict.graph.qubits())
    check_size(program, target, strict.graph.qubits(), strict.largest());
  if (strict.largest() >= program.qubits) return strict;
  UsableDevice all(target, program.qubits, DeviceQuality::Avoid::dead);
  if (all.largest() < program.qubits) {
    std::string why;
    for (const std::string& remark : all.quality.remarks()) why += "; it " + remark;
    throw usage_error("program " + program.name + ": needs " + std::to_string(program.qubits) +
                      " connected qubits, device " + target.name + " has " + std::to_string(all.largest()) +
                      " that may be used" + why);
  }
  remarks = all.quality.remarks();
  remarks.push_back("uses parts that are not calibrated, as the program finds no room on the others");
  return all;
}

/// All pairs are coupled: the best qubits, in the order of their numbers.
std::vector<int> best_qubits(const DeviceProgram& program, const UsableDevice& device) {
  std::vector<int> qubits = device.graph.largest_part();
  const auto cost = [&](int qubit) {
    double sum = error_cost(device.quality.readout_error(qubit));
    for (const DeviceGateInfo& row : device_gates)
      if (row.qubits == 1 && takes_time(row.gate)) sum += error_cost(device.quality.error(row.gate, qubit));
    return sum;
  };
  std::stable_sort(qubits.begin(), qubits.end(), [&](int a, int b) { return cost(a) < cost(b); });
  qubits.resize(at(program.qubits));
  std::sort(qubits.begin(), qubits.end());
  return qubits;
}

RoutedProgram placed(const LayoutTask& task, const DeviceTarget& target, const UsableDevice& device) {
  if (!device.graph.complete()) {
    return device.quality.matters() ? search_calibrated_layout(task, target, device.graph)
                                    : search_layout(task, device.graph);
  }
  const std::vector<int> layout = best_qubits(task.program, device);
  Routing routing{task.ops, layout, layout, 0};
  for (RoutedOp& op : routing.ops)
    for (int* qubit : {&op.op.q0, &op.op.q1})
      if (*qubit >= 0) *qubit = layout[at(*qubit)];
  return written(task, device.graph, device.quality.matters() ? "quality" : "identity", std::move(routing));
}

}  // namespace

TranspileResult transpile(const DeviceProgram& program, const DeviceTarget& target,
                          const TranspileOptions& options) {
  check(program);
  std::vector<std::string> remarks;
  const UsableDevice device = usable_device(program, target, remarks);
  if (target.basis.empty() && target.coupling.empty()) {
    if (!target.avoided.empty())
      throw usage_error("device " + target.name + ": programs are sent as they are, without numbers of its " +
                        "qubits; expected no qubits or couplers to choose or to avoid");
    return unchanged(program);
  }
  if (program.physical)
    throw usage_error("program " + program.name + ": it is written for a device already; expected one with " +
                      "qubits of its own");
  const BasisSet basis(target.basis, target.any_pair_angle);
  if (!basis.every_one_qubit_gate() && native_as_it_is(program, basis, device.graph)) {
    TranspileResult result = unchanged(program);
    result.program.qubits = device.graph.qubits();
    result.program.physical = true;
    return result;
  }
  check_basis(program, target, basis);
  const auto best_of = [&](const std::vector<RoutedOp>& ops) {
    return placed({program, ops, basis, options, &device.quality}, target, device);
  };
  const std::vector<RoutedOp> ops = simplified(program);
  RoutedProgram best = best_of(ops);
  // Where swaps stand beside them CX and CZ may be the better ones: they merge.
  if (basis.has(device_rotation("ZZ")))
    if (const auto turned = with_pair_turns(ops, basis.any_pair_angle())) {
      RoutedProgram other = best_of(*turned);
      if (other.cost < best.cost) best = std::move(other);
    }
  best.result.remarks = std::move(remarks);
  return std::move(best.result);
}

}  // namespace qmtl
