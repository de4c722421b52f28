// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "hardware/program.h"
#include "hardware/target.h"
#include "hardware/transpile/success.h"

namespace qmtl {

struct TranspileOptions {
  int trials = 8;  ///< places to begin a search with, for programs that no regular layout fits
  /// What a time step of two-qubit gates costs each used qubit, in errors of a two-qubit gate: of several
  /// results the one with the fewest errors is taken. The default is near to today's superconducting devices
  /// (70 ns, 150 us, 3e-3).
  double idle_cost = 0.15;
};

struct TranspileResult {
  DeviceProgram program;  ///< physical; measured[c] is the physical qubit of the same classical bit
  /// How the layout was found, see layouts.h; "quality": by what the device's properties say; "unchanged".
  std::string layout_kind;
  std::vector<int> layout;        ///< logical -> physical at the start
  std::vector<int> final_layout;  ///< logical -> physical at the end
  int swaps = 0;                  ///< inserted; each costs up to three two-qubit gates, often less
  int depth = 0;                  ///< longest chain of gates, RZ among them although they take no time
  int two_qubit_depth = 0;
  int two_qubit_gates = 0;
  SuccessEstimate success;           ///< by the device's properties; 1 without them
  std::vector<std::string> remarks;  ///< what was avoided of the device, and why
};

/// Fills in what follows from the program.
void measure(TranspileResult& result);

/// The program in the device's basis gates on its coupled qubits, with the same distribution of readings (the
/// same state up to a global phase, if there are no readings). Angles that depend on inputs go on to do so.
/// A target with neither basis nor coupling returns the program unchanged. The result depends on program,
/// target and options alone. Where the target has properties, qubits and routes are chosen by them: parts
/// that do not work or are not calibrated are avoided, the latter unless the program needs them, and so are
/// those that are to be avoided. Throws Error (usage): a program that does not pass check() or is physical
/// already, more qubits than the (largest connected part of the) device has, a basis that cannot express it.
TranspileResult transpile(const DeviceProgram& program, const DeviceTarget& target,
                          const TranspileOptions& options = {});

}  // namespace qmtl
