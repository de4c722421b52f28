#pragma once

#include <string>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// One training step's quantum work, as benchmarks describe it in a JSON object:
///   name; n qubits; Ls shared layers, each RY(x_q) RY(ws) RZ(ws) on every qubit and a CX ring; T tasks with
///   Lt layers RY(wt) RZ(wt), CX ring on their register; m readouts Z on the register's first qubits; B
///   samples; local: 0 (register = all qubits) or k (register of task t = the k qubits from (t k) mod n).
/// Optional "inputs": {x[B][n], ws[Ls][n][2], wt[T][Lt][k][2], g[B][T][m]} as nested or flat arrays; else
/// numbers of the program's own. Optional "expected": {y, gx, gws, gwt} that the answers are compared with.
struct Workload {
  std::string name;
  int n = 0, Ls = 0, Lt = 0, T = 0, m = 0, B = 0, local = 0;
  std::vector<double> x, ws, wt, g;
  std::vector<double> y, gx, gws, gwt;  ///< expected; empty: unknown

  bool has_expected() const { return !y.empty(); }
  Circuit circuit() const;
};

/// Reads a JSON file with one workload or a list of them. Throws Error naming file, workload and key.
std::vector<Workload> read_workloads(const std::string& path);

}  // namespace qmtl
