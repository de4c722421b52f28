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

#include "runtime/circuit/gates.h"

namespace qmtl {

/// Gates that programs for devices may hold; rotations are exp(-i a P / 2), angles in radians.
enum class DeviceGate : std::uint8_t { rx, ry, rz, x, sx, cx, cz, rzz };

/// A gate among those that make another: on that gate's qubits number `first` and `second` (-1: none), turned
/// by constant + factor * that gate's angle.
struct DevicePart {
  DeviceGate gate;
  int first = 0, second = -1;
  double constant = 0.0, factor = 0.0;
};

/// A gate of IonQ's set qis, on qubits of the gate that it is part of.
struct IonqPart {
  std::string_view name;
  int target = 0, control = -1;
  bool turns = false;  ///< by the gate's angle
};

/// One row per gate; a gate for devices is its enumerator, what it is made of and its row.
struct DeviceGateInfo {
  DeviceGate gate;
  std::string_view name;  ///< in OpenQASM, QDMI and in IBM's lists of basis gates
  int qubits;             ///< for cx the first is the control
  bool angle;
  std::string_view axes;  ///< on each qubit the Pauli with whose rotations it commutes; its generator's
  double turn = 0.0;      ///< of a gate on one qubit without an angle: by what it turns, up to a phase
  std::span<const IonqPart> ionq = {};
  /// In OpenQASM 2: nothing where qelib1.inc of the specification (arXiv:1707.03429) has it, as readers with
  /// a file of their own take another definition badly.
  std::span<const DevicePart> qasm2 = {};
  std::string_view qasm3 = {};   ///< its definition where stdgates.inc has none
  std::string_view braket = {};  ///< Amazon Braket's name, where it is another
};

namespace device_parts {
// clang-format off
inline constexpr IonqPart rx[] = {{"rx", 0, -1, true}}, ry[] = {{"ry", 0, -1, true}}, rz[] = {{"rz", 0, -1, true}};
inline constexpr IonqPart x[] = {{"x"}}, sx[] = {{"v"}}, cx[] = {{"cnot", 1, 0}};
inline constexpr IonqPart cz[] = {{"h", 1}, {"cnot", 1, 0}, {"h", 1}};
inline constexpr IonqPart rzz[] = {{"cnot", 1, 0}, {"rz", 1, -1, true}, {"cnot", 1, 0}};
inline constexpr DevicePart old_sx[] = {{DeviceGate::rx, 0, -1, half_pi}};
inline constexpr DevicePart old_rzz[] = {{DeviceGate::cx, 0, 1}, {DeviceGate::rz, 1, -1, 0, 1}, {DeviceGate::cx, 0, 1}};
// clang-format on
}  // namespace device_parts

// clang-format off
inline constexpr std::array<DeviceGateInfo, 8> device_gates{{
    {DeviceGate::rx, "rx", 1, true, "X", 0, device_parts::rx},
    {DeviceGate::ry, "ry", 1, true, "Y", 0, device_parts::ry},
    {DeviceGate::rz, "rz", 1, true, "Z", 0, device_parts::rz},
    {DeviceGate::x, "x", 1, false, "X", 2 * half_pi, device_parts::x},
    {DeviceGate::sx, "sx", 1, false, "X", half_pi, device_parts::sx, device_parts::old_sx, {}, "v"},
    {DeviceGate::cx, "cx", 2, false, "ZX", 0, device_parts::cx, {}, {}, "cnot"},
    {DeviceGate::cz, "cz", 2, false, "ZZ", 0, device_parts::cz},
    {DeviceGate::rzz, "rzz", 2, true, "ZZ", 0, device_parts::rzz, device_parts::old_rzz,
     "gate rzz(theta) a, b { cx a, b; rz(theta) b; cx a, b; }", "zz"},
}};
// clang-format on
constexpr const DeviceGateInfo& info(DeviceGate gate) { return device_gates[static_cast<std::size_t>(gate)]; }

constexpr std::optional<DeviceGate> device_gate_by_name(std::string_view name) {
  for (const DeviceGateInfo& row : device_gates)
    if (row.name == name) return row.gate;
  return std::nullopt;
}

/// The gate of a device that does what an elementary gate of a circuit does: it has its name.
constexpr DeviceGate device_gate(Gate gate) { return device_gate_by_name(info(gate).name).value(); }
/// The gate that turns by an angle about a Pauli for each qubit.
constexpr DeviceGate device_rotation(std::string_view paulis) {
  for (const DeviceGateInfo& row : device_gates)
    if (row.angle && row.axes == paulis) return row.gate;
  return std::optional<DeviceGate>().value();
}

constexpr bool is_diagonal(DeviceGate gate) {
  return info(gate).axes.find_first_not_of('Z') == std::string_view::npos;
}
/// Whether it is the same with its two qubits exchanged.
constexpr bool is_symmetric(DeviceGate gate) {
  return info(gate).qubits == 2 && info(gate).axes[0] == info(gate).axes[1];
}
/// Without an angle, and twice in a row nothing but a phase.
constexpr bool is_own_inverse(DeviceGate gate) {
  return !info(gate).angle && (info(gate).qubits == 2 || info(gate).turn == 2 * half_pi);
}
/// Rotations about Z are changes of phase that devices note down.
constexpr bool takes_time(DeviceGate gate) { return info(gate).qubits == 2 || !is_diagonal(gate); }
/// A pulse that turns by what it is calibrated for.
constexpr bool is_pulse(DeviceGate gate) { return info(gate).qubits == 1 && !info(gate).angle; }
/// A rotation of a pair.
constexpr bool is_pair_rotation(DeviceGate gate) { return info(gate).qubits == 2 && info(gate).angle; }

namespace detail {
constexpr bool device_gates_are_complete() {
  for (std::size_t i = 0; i < device_gates.size(); ++i) {
    const DeviceGateInfo& row = device_gates[i];
    if (static_cast<std::size_t>(row.gate) != i || row.name.empty() || row.ionq.empty()) return false;
    if (row.axes.size() != static_cast<std::size_t>(row.qubits)) return false;
    // Pulses turn about X, other gates without an angle are known by their axes.
    if (is_pulse(row.gate) ? row.turn == 0.0 || row.axes != "X" : row.turn != 0.0) return false;
    for (const DevicePart& part : row.qasm2)
      if (!info(part.gate).qasm2.empty() || (part.second >= 0) != (info(part.gate).qubits == 2)) return false;
  }
  return true;
}
}  // namespace detail
static_assert(detail::device_gates_are_complete(),
              "a gate for devices needs its axes and what it is to IonQ");
static_assert(std::all_of(std::begin(gate_table), std::end(gate_table), [](const GateInfo& row) {
  return !is_elementary(row.gate) || device_gate_by_name(row.name).has_value();
}));

/// "rx, ry, rz, ...": all names, for messages.
std::string listed_device_gates();

}  // namespace qmtl
