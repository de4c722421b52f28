// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/circuit/layers.h"

namespace qmtl {

struct QasmLimits {
  int qubits = 4096;  ///< declared, or the highest $n plus one
  std::size_t gates = 1'000'000;
  std::size_t inputs = 100'000;  ///< numbers, those of arrays one by one
  int degree = 8;                ///< of the inputs in one term of an angle
  bool measurements = true;      ///< may be there
  bool delays = false;           ///< may be there
};

/// A qubit waits in front of gate number `before`.
struct QasmDelay {
  std::size_t before = 0;
  int qubit = 0;
  double seconds = 0.0;
};

/// Inputs first .. first + size - 1 of the program; an array, or one number.
struct QasmInput {
  std::string name;
  int first = 0, size = 1;
  bool array = false;
};

/// Classical bits of one name; registers follow each other in the order of their declarations.
struct QasmRegister {
  std::string name;
  int bits = 0;
};

/// A straight-line program. Qubits and inputs are numbered as they are declared; angles are expressions of
/// inputs.
struct QasmProgram {
  int qubits = 0;
  bool physical = false;  ///< qubits are $n
  std::vector<QasmInput> inputs;
  std::vector<GateUse> gates;
  std::vector<int> measured;  ///< measured[c]: the qubit that classical bit c reads
  std::vector<QasmDelay> delays;
  std::vector<QasmRegister> registers;
};

/// Names that a text may use without declaring them: the qubits q, and arrays of inputs.
struct QasmScope {
  int qubits = 0;
  std::vector<QasmInput> inputs = {};
};

/// Reads straight-line OpenQASM 3: version, include (ignored), input float/angle with [n] behind the name or
/// as an array type, qubit and bit registers or $n, the gates of the table (gates.h) with the older names of
/// some, gate definitions, barrier (ignored), both forms of measure, at the end of each qubit. Angles are
/// sums, products and quotients by numbers of inputs. A definition of a known gate must be what the gate is.
/// Control flow and modifiers are refused. Throws Error (data): "NAME:line:column: reason".
QasmProgram read_qasm(std::string_view text, const std::string& name, const QasmLimits& limits = {},
                      const QasmScope& scope = {});

/// Gates as lines of OpenQASM on the register q: "rx(0.5 * z[0] + w[1]) q[2];". Inputs are z, trainable
/// numbers w; without `arrays` each is a name of its own, z0 and w1.
std::string write_qasm_gates(const std::vector<GateUse>& gates, bool arrays = true);

}  // namespace qmtl
