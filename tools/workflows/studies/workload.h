// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// One training step's quantum work, as benchmarks describe it in a JSON object: name, B samples, and the
/// circuit in one of two forms.
///  - n qubits; Ls shared layers, each RY(x_q) RY(ws) RZ(ws) on every qubit and a CX ring; T tasks with Lt
///  layers
///    RY(wt) RZ(wt), CX ring on their register; m readouts Z on the register's first qubits; local: 0
///    (register = all qubits) or k (register of task t = the k qubits from (t k) mod n). Parameters:
///    ws[Ls][n][2], wt[T][Lt][k][2].
///  - "circuit" and "block": objects with the keys of these tables in a configuration; "tasks": blocks of one
///  output
///    (or block.outputs). Parameters: "params", in the order of ParamLayout.
/// Optional "inputs": {x[B][angles], the parameters, g[B][outputs]} as nested or flat arrays; else numbers of
/// the program's own. Optional "expected": {y, gx, and gws, gwt or gparams} that the answers are compared
/// with.
struct Workload {
  std::string name;
  Circuit circuit;
  int samples = 0;
  std::vector<double> x, params, g;
  std::vector<double> y, gx, gparams;  ///< expected; empty: unknown

  bool has_expected() const { return !y.empty(); }
};

/// Reads a JSON file with one workload or a list of them. Throws Error naming file, workload and key.
std::vector<Workload> read_workloads(const std::string& path);

}  // namespace qmtl
