// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "hardware/device_circuit.h"
#include "hardware/mitigation/basis_gates.h"
#include "hardware/mitigation/variants.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// A program written anew with pulses where qubits wait.
class Decoupler {
 public:
  Decoupler(const DeviceProgram& program, const NoiseTable& lengths, std::span<const DeviceGate> basis,
            const std::vector<int>& paulis)
      : from_(program),
        lengths_(lengths),
        basis_(basis),
        paulis_(paulis),
        made_(program),
        free_(static_cast<std::size_t>(program.qubits), -1.0) {
    made_.ops.clear();
    made_.delays.clear();
  }

  DeviceProgram run() && {
    for (const DeviceOp& op : from_.ops) {
      double start = std::max(0.0, free(op.q0));
      if (op.q1 >= 0) start = std::max(start, free(op.q1));
      for (int qubit : {op.q0, op.q1})
        if (qubit >= 0) fill(qubit, start);
      made_.ops.push_back(op);
      for (int qubit : {op.q0, op.q1})
        if (qubit >= 0) free(qubit) = start + device_seconds(op, lengths_);
    }
    double end = 0;
    for (int qubit : from_.measured) end = std::max(end, free(qubit));
    for (int qubit : from_.measured) fill(qubit, end);
    return std::move(made_);
  }

 private:
  double& free(int qubit) { return free_[static_cast<std::size_t>(qubit)]; }

  /// Fills the time until `until` with equally spaced pulses, half a distance at both ends, if they fit.
  void fill(int qubit, double until) {
    const double window = until - free(qubit);
    if (free(qubit) < 0 || window <= 0) return;
    double pulses = 0;
    for (int pauli : paulis_)
      for (const DeviceOp& op : pauli_ops(pauli, qubit, basis_)) pulses += device_seconds(op, lengths_);
    if (pulses > window || pulses <= 0) return;
    const double distance = (window - pulses) / static_cast<double>(paulis_.size());
    for (std::size_t i = 0; i < paulis_.size(); ++i) {
      wait(qubit, i == 0 ? distance / 2 : distance);
      for (const DeviceOp& op : pauli_ops(paulis_[i], qubit, basis_)) made_.ops.push_back(op);
    }
    wait(qubit, distance / 2);
  }
  void wait(int qubit, double seconds) { made_.delays.push_back({made_.ops.size(), qubit, seconds}); }

  const DeviceProgram& from_;
  const NoiseTable& lengths_;
  std::span<const DeviceGate> basis_;
  const std::vector<int>& paulis_;
  DeviceProgram made_;
  std::vector<double> free_;  ///< seconds; below 0: no gate yet
};

bool knows_lengths(const DeviceProgram& program, const NoiseTable& lengths) {
  return std::all_of(program.ops.begin(), program.ops.end(), [&](const DeviceOp& op) {
    return !takes_time(op.gate) || device_seconds(op, lengths) > 0;
  });
}

}  // namespace

DeviceProgram decoupled(const DeviceProgram& program, const NoiseModel& noise, DecouplingKind kind,
                        std::span<const DeviceGate> basis) {
  // The pulses that are put in are x, of which the model knows two rx or one.
  DeviceProgram with_pulses = program;
  for (const DeviceOp& op : flip(program.ops.empty() ? 0 : program.ops[0].q0, basis))
    with_pulses.ops.push_back(op);
  const NoiseTable lengths = gate_lengths(with_pulses, noise);
  if (!knows_lengths(with_pulses, lengths))
    throw usage_error(
        "program " + program.name +
        ": expected the lengths of its gates, so that pulses can be put where qubits wait, found none of "
        "some; give --noise FILE with a backend's properties, or a noise model with seconds");
  const std::vector<int> paulis =
      kind == DecouplingKind::xx ? std::vector<int>{1, 1} : std::vector<int>{1, 2, 1, 2};
  return Decoupler(program, lengths, basis, paulis).run();
}

void decouple_variants(std::vector<Variant>& variants, const VariantRequest& request) {
  if (!request.noise)
    throw usage_error(
        "dynamical decoupling: expected the lengths of the device's gates, found none; give --noise, or "
        "noise in the endpoint's file");
  for (Variant& variant : variants)
    variant.program =
        decoupled(variant.program, *request.noise, request.settings.decoupling, request.target.basis);
}

}  // namespace qmtl
