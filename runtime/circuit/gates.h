// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/names.h"

namespace qmtl {

/// Gates of a circuit. A rotation is exp(-i a P / 2) with a in radians and P its generator.
enum class Gate : std::uint8_t { rx, ry, rz, cx, cz, rzz };

/// A gate among those that make another: on that gate's qubits number `first` and `second` (-1: none), a
/// rotation with that gate's angle.
struct GatePart {
  Gate gate;
  int first = 0, second = -1;
};

/// One row per gate. Engine, simulators of noise, devices and head files know the gates without parts:
/// one-qubit rotations, CX and CZ. Whatever else there is says of which of them it is made (append_gate in
/// circuit.h).
struct GateInfo {
  Gate gate;
  std::string_view name;       ///< as written in configurations
  int arity;                   ///< qubits it acts on; of a controlled gate the first is the control
  std::string_view generator;  ///< of exp(-i a P / 2): a Pauli for each qubit; "" for a fixed gate
  double shift;  ///< parameter-shift rule: d<O>/da = (f(a + shift) - f(a - shift)) / (2 sin shift)
  /// Fixed gates: Paulis A = Z of the first and B of the second qubit, the gate being (1 + A) / 2 + (1 - A) /
  /// 2 B.
  std::string_view axes = {};
  std::span<const GatePart> parts = {};  ///< in the order in which they act
};

inline constexpr double half_pi = 1.57079632679489661923;

inline constexpr GatePart rzz_parts[] = {{Gate::cx, 0, 1}, {Gate::rz, 1}, {Gate::cx, 0, 1}};

// A new gate is its enumerator and its row.
// clang-format off
inline constexpr GateInfo gate_table[] = {
    {Gate::rx, "rx", 1, "X", half_pi},
    {Gate::ry, "ry", 1, "Y", half_pi},
    {Gate::rz, "rz", 1, "Z", half_pi},
    {Gate::cx, "cx", 2, "", 0.0, "ZX"},
    {Gate::cz, "cz", 2, "", 0.0, "ZZ"},
    {Gate::rzz, "rzz", 2, "ZZ", half_pi, "", rzz_parts},
};
// clang-format on
static_assert(one_row_each(gate_table, &GateInfo::gate));

constexpr const GateInfo& info(Gate gate) { return gate_table[static_cast<std::size_t>(gate)]; }
constexpr bool is_rotation(Gate gate) { return !info(gate).generator.empty(); }
constexpr bool is_qubit_rotation(Gate gate) { return is_rotation(gate) && info(gate).arity == 1; }
/// Whether the gate is one of those that others are made of.
constexpr bool is_elementary(Gate gate) { return info(gate).parts.empty(); }

/// The Pauli with whose rotations a gate commutes on its qubit number `qubit`.
constexpr char axis(Gate gate, int qubit) {
  return (is_rotation(gate) ? info(gate).generator : info(gate).axes)[static_cast<std::size_t>(qubit)];
}
/// Diagonal gates commute with each other and with what readouts measure.
constexpr bool is_diagonal(Gate gate) {
  for (int qubit = 0; qubit < info(gate).arity; ++qubit)
    if (axis(gate, qubit) != 'Z') return false;
  return true;
}
/// Whether a gate is the same with its qubits exchanged.
constexpr bool is_symmetric(Gate gate) { return info(gate).arity == 2 && axis(gate, 0) == axis(gate, 1); }
/// Whether an elementary gate keeps real states real, whatever its angle.
constexpr bool is_real(Gate gate) { return !is_rotation(gate) || axis(gate, 0) == 'Y'; }

namespace detail {
constexpr bool gate_table_is_complete() {
  for (const GateInfo& row : gate_table) {
    const bool rotation = !row.generator.empty(), two = row.arity == 2;
    if ((rotation ? row.generator : row.axes).size() != static_cast<std::size_t>(row.arity)) return false;
    if (rotation && row.shift == 0.0) return false;
    const bool known = rotation ? !two : row.axes == "ZX" || row.axes == "ZZ";
    if (row.parts.empty() && !known) return false;
    for (const GatePart& part : row.parts) {
      if (!is_elementary(part.gate) || part.first >= row.arity || part.second >= row.arity) return false;
      if ((info(part.gate).arity == 2) != (part.second >= 0) || (is_rotation(part.gate) && !rotation))
        return false;
    }
  }
  return true;
}
}  // namespace detail
static_assert(detail::gate_table_is_complete(),
              "a gate needs an axis for each of its qubits, and parts unless it is elementary");

/// The gate with that name, or nothing.
constexpr std::optional<Gate> gate_by_name(std::string_view name) {
  for (const GateInfo& row : gate_table)
    if (row.name == name) return row.gate;
  return std::nullopt;
}

/// The names of the gates that `which` chooses, in the table's order.
std::vector<std::string> gate_names(bool (*which)(Gate gate));
/// "rx, ry, rz": those names for a message.
std::string listed_gates(bool (*which)(Gate gate));

/// Matrix of a gate, row-major, 2 x 2 or 4 x 4 (basis index = bit of the first qubit + 2 * bit of the
/// second). `angle` is ignored by fixed gates. Unused entries are zero.
std::array<std::complex<double>, 16> matrix(Gate gate, double angle);

}  // namespace qmtl
