// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hardware/device_gates.h"

namespace qmtl {

/// coefficient * input number `input`.
struct AngleTerm {
  int input = 0;
  double coefficient = 1.0;
  bool operator==(const AngleTerm&) const = default;
};

/// An angle in radians: constant + sum of terms. Inputs ascend, none twice, no coefficient is zero.
struct AngleSum {
  double constant = 0.0;
  std::vector<AngleTerm> terms;

  bool bound() const { return terms.empty(); }
  bool operator==(const AngleSum&) const = default;
};

struct DeviceOp {
  DeviceGate gate = {};
  int q0 = 0, q1 = -1;  ///< q1: second qubit of a two-qubit gate, else -1
  AngleSum angle;       ///< of gates with an angle

  bool operator==(const DeviceOp&) const = default;
};

/// A qubit waits in front of operation `before` of a program, that many seconds.
struct Delay {
  std::size_t before = 0;
  int qubit = 0;
  double seconds = 0.0;

  bool operator==(const Delay&) const = default;
};

/// By what a gate on one qubit turns it about its axis, up to a phase.
AngleSum turn_of(const DeviceOp& op);

/// A straight-line program: gates from |0...0>, then readings. Its inputs are angles that are given with each
/// execution, so that one program serves a whole sweep.
struct DeviceProgram {
  std::string name;  ///< an identifier of letters, digits and _
  int qubits = 0;
  bool physical = false;  ///< qubit numbers are the device's own (ISA, "$n"), and all its rules hold
  std::vector<std::string> inputs;  ///< identifiers whose string order is their order (numbers are padded)
  std::vector<DeviceOp> ops;
  std::vector<int> measured;       ///< measured[c]: the qubit that classical bit c reads; none twice
  std::vector<Delay> delays = {};  ///< in the order of `before`; they mean nothing but time

  bool operator==(const DeviceProgram&) const = default;
};

/// The angle's value for inputs[program.inputs] of one execution.
double value(const AngleSum& angle, std::span<const double> inputs);

/// The program with inputs[program.inputs] of one execution put in; it has none left. Throws Error (usage)
/// for another number of inputs.
DeviceProgram with_inputs(const DeviceProgram& program, std::span<const double> inputs);

/// Throws Error (usage) naming program and operation: qubits, inputs or readings out of range, repeated or in
/// the wrong order, an angle that is not finite, a two-qubit gate on one qubit, names that are no
/// identifiers.
void check(const DeviceProgram& program);

}  // namespace qmtl
