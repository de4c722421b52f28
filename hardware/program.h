// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/circuit/gates.h"

namespace qmtl {

/// Gates that programs for devices may hold; rotations are exp(-i a P / 2), angles in radians.
enum class DeviceGate : std::uint8_t { rx, ry, rz, x, sx, cx, cz, rzz };

/// One row per gate; adding a gate for devices starts here.
struct DeviceGateInfo {
  DeviceGate gate;
  std::string_view name;  ///< in OpenQASM 2 and 3 and in a device's list of basis gates
  int qubits;             ///< for cx the first is the control
  bool angle;
};

inline constexpr std::array<DeviceGateInfo, 8> device_gates{{
    {DeviceGate::rx, "rx", 1, true},
    {DeviceGate::ry, "ry", 1, true},
    {DeviceGate::rz, "rz", 1, true},
    {DeviceGate::x, "x", 1, false},
    {DeviceGate::sx, "sx", 1, false},
    {DeviceGate::cx, "cx", 2, false},
    {DeviceGate::cz, "cz", 2, false},
    {DeviceGate::rzz, "rzz", 2, true},
}};
constexpr const DeviceGateInfo& info(DeviceGate gate) { return device_gates[static_cast<std::size_t>(gate)]; }

constexpr std::optional<DeviceGate> device_gate_by_name(std::string_view name) {
  for (const DeviceGateInfo& row : device_gates)
    if (row.name == name) return row.gate;
  return std::nullopt;
}

/// The gate of a device that does what an elementary gate of a circuit does: it has its name.
constexpr DeviceGate device_gate(Gate gate) { return device_gate_by_name(info(gate).name).value(); }
static_assert(std::all_of(std::begin(gate_table), std::end(gate_table), [](const GateInfo& row) {
  return !is_elementary(row.gate) || device_gate_by_name(row.name).has_value();
}));

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
  DeviceGate gate = DeviceGate::x;
  int q0 = 0, q1 = -1;  ///< q1: second qubit of a two-qubit gate, else -1
  AngleSum angle;       ///< of gates with an angle

  bool operator==(const DeviceOp&) const = default;
};

/// A straight-line program: gates from |0...0>, then readings. Its inputs are angles that are given with each
/// execution, so that one program serves a whole sweep.
struct DeviceProgram {
  std::string name;  ///< an identifier of letters, digits and _
  int qubits = 0;
  bool physical = false;  ///< qubit numbers are the device's own (ISA, "$n"), and all its rules hold
  std::vector<std::string> inputs;  ///< identifiers whose string order is their order (numbers are padded)
  std::vector<DeviceOp> ops;
  std::vector<int> measured;  ///< measured[c]: the qubit that classical bit c reads; none twice

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
