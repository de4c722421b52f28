// SPDX-License-Identifier: Apache-2.0
#include "hardware/mitigation/variants.h"

#include <numbers>
#include <set>

#include "hardware/mitigation/basis_gates.h"
#include "hardware/transpile/angle_sum.h"
#include "hardware/transpile/one_qubit.h"
#include "runtime/base/error.h"

namespace qmtl {

std::vector<Variant> make_variants(const DeviceProgram& program, const VariantRequest& request) {
  std::vector<Variant> variants{{program, 1.0, 0, std::vector<double>(request.outputs.size(), 1.0)}};
  for (const MitigationKind& kind : mitigation_kinds())
    if (kind.apply && kind.on(request.settings)) kind.apply(variants, request);
  return variants;
}

void fold_variants(std::vector<Variant>& variants, const VariantRequest& request) {
  std::vector<Variant> folded;
  for (const Variant& variant : variants) {
    std::set<double> factors;
    for (std::size_t f = 0; f < request.settings.factors.size(); ++f) {
      const double factor = request.settings.factors[f];
      FoldedProgram made = factor == 1
                               ? FoldedProgram{variant.program, 1.0}
                               : fold(variant.program, factor, request.settings.fold, request.target.basis);
      // Where there is nothing to fold, the factors are all the same.
      if (!factors.insert(made.factor).second) continue;
      // Names must differ.
      if (f > 0) made.program.name += "_fold" + std::to_string(f);
      folded.push_back(variant);
      folded.back().program = std::move(made.program);
      folded.back().factor = made.factor;
    }
  }
  variants = std::move(folded);
}

std::vector<DeviceOp> pauli_ops(int pauli, int qubit, std::span<const DeviceGate> basis) {
  std::vector<DeviceOp> ops;
  if (pauli == 1 || pauli == 2) ops = flip(qubit, basis);
  if (pauli < 2) return ops;
  if (!in_basis(basis, device_rotation("Z")))
    throw usage_error("expected rz in the device's basis to put Paulis between its gates, found none");
  ops.push_back({device_rotation("Z"), qubit, -1, {std::numbers::pi, {}}});
  return ops;
}

namespace {

/// Gates of one qubit that wait for what comes next on it.
struct Run {
  std::vector<DeviceOp> ops;
  bool inserted = false;
};

void write(Run& run, int qubit, const BasisSet& basis, std::vector<DeviceOp>& ops) {
  if (!run.inserted) {
    ops.insert(ops.end(), run.ops.begin(), run.ops.end());
  } else {
    OneQubitRun merged;
    for (const DeviceOp& op : run.ops) merged.append(op);
    const PulseTrain train = pulses(merged, basis);
    const auto turn = [&](const AngleSum& angle) {
      if (!is_full_turn(angle)) ops.push_back({device_rotation("Z"), qubit, -1, angle});
    };
    turn(train.turns[0]);
    for (std::size_t i = 0; i < train.gates.size(); ++i) {
      ops.push_back(train.gates[i]);
      ops.back().q0 = qubit;
      turn(train.turns[i + 1]);
    }
  }
  run = {};
}

}  // namespace

DeviceProgram with_runs_merged(const DeviceProgram& program, const std::vector<bool>& inserted,
                               std::span<const DeviceGate> basis) {
  const BasisSet set(basis);
  if (!set.every_one_qubit_gate()) return program;
  DeviceProgram merged = program;
  merged.ops.clear();
  std::vector<Run> runs(static_cast<std::size_t>(program.qubits));
  const auto flush = [&](int qubit) { write(runs[static_cast<std::size_t>(qubit)], qubit, set, merged.ops); };
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    const DeviceOp& op = program.ops[i];
    if (op.q1 < 0) {
      Run& run = runs[static_cast<std::size_t>(op.q0)];
      run.ops.push_back(op);
      run.inserted = run.inserted || inserted[i];
      continue;
    }
    flush(op.q0);
    flush(op.q1);
    merged.ops.push_back(op);
  }
  for (int qubit = 0; qubit < program.qubits; ++qubit) flush(qubit);
  return merged;
}

}  // namespace qmtl
