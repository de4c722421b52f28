// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/base/names.h"

namespace qmtl {

/// Gates of a circuit. A rotation is exp(-i a P / 2) with a in radians and P its generator.
enum class Gate : std::uint8_t { rx, ry, rz, cx, cz };

/// One row per gate; adding a gate starts here.
struct GateInfo {
  Gate gate;
  std::string_view name;   ///< as written in configurations
  int arity;               ///< qubits it acts on; for cx the first is the control
  char generator;          ///< Pauli P of exp(-i a P / 2), or 0 for a fixed gate
  double shift;            ///< parameter-shift rule: d<O>/da = (f(a + shift) - f(a - shift)) / (2 sin shift)
  std::string_view qasm2;  ///< name in qelib1.inc
  std::string_view qasm3;  ///< name in stdgates.inc
  /// Fixed gates: Paulis A of the first and B of the second qubit, the gate being (1 + A) / 2 + (1 - A) / 2
  /// B.
  std::string_view axes = {};
};

inline constexpr double half_pi = 1.57079632679489661923;

inline constexpr std::array<GateInfo, 5> gate_table{{
    {Gate::rx, "rx", 1, 'X', half_pi, "rx", "rx"},
    {Gate::ry, "ry", 1, 'Y', half_pi, "ry", "ry"},
    {Gate::rz, "rz", 1, 'Z', half_pi, "rz", "rz"},
    {Gate::cx, "cx", 2, 0, 0.0, "cx", "cx", "ZX"},
    {Gate::cz, "cz", 2, 0, 0.0, "cz", "cz", "ZZ"},
}};

constexpr const GateInfo& info(Gate gate) { return gate_table[static_cast<std::size_t>(gate)]; }
constexpr bool is_rotation(Gate gate) { return info(gate).generator != 0; }
/// Diagonal gates commute with each other and with what readouts measure.
constexpr bool is_diagonal(Gate gate) {
  return is_rotation(gate) ? info(gate).generator == 'Z' : info(gate).axes == "ZZ";
}
/// Whether a fixed gate is the same with its qubits exchanged.
constexpr bool is_symmetric(Gate gate) {
  return !is_rotation(gate) && info(gate).axes[0] == info(gate).axes[1];
}

namespace detail {
constexpr bool gate_table_is_complete() {
  for (std::size_t i = 0; i < gate_table.size(); ++i) {
    if (static_cast<std::size_t>(gate_table[i].gate) != i || gate_table[i].name.empty()) return false;
    if (gate_table[i].generator != 0 && gate_table[i].arity != 1) return false;
    if (gate_table[i].generator == 0 && gate_table[i].axes.size() != 2) return false;
  }
  return gate_table.size() == enumerators<Gate>();
}
}  // namespace detail
static_assert(detail::gate_table_is_complete(), "every Gate needs its row, in the order of the enumeration");

/// The gate with that name, or nothing.
constexpr std::optional<Gate> gate_by_name(std::string_view name) {
  for (const GateInfo& row : gate_table)
    if (row.name == name) return row.gate;
  return std::nullopt;
}

/// Matrix of a gate, row-major, 2 x 2 or 4 x 4 (basis index = bit of the first qubit + 2 * bit of the
/// second). `angle` is ignored by fixed gates. Unused entries are zero.
std::array<std::complex<double>, 16> matrix(Gate gate, double angle);

}  // namespace qmtl
