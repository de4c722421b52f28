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

/// Gates of a circuit. A rotation is exp(-i a P / 2) with a in radians and P its generator. Engine,
/// simulators of noise, devices and head files know the elementary gates alone, the first five.
enum class Gate : std::uint8_t {
  rx,
  ry,
  rz,
  cx,
  cz,
  x,
  y,
  z,
  h,
  s,
  sdg,
  t,
  tdg,
  sx,
  sxdg,
  p,
  u,
  cy,
  ch,
  swap,
  iswap,
  ecr,
  crx,
  cry,
  crz,
  cp,
  rxx,
  ryy,
  rzz,
  rzx,
  ccx,
  ccz,
  cswap,
};

/// A gate among those that make another: on that gate's qubits number `first` and `second` (-1: none), a
/// rotation by constant + sum over that gate's angles of factor * angle.
struct GatePart {
  Gate gate;
  int first = 0, second = -1;
  double constant = 0.0;
  std::array<double, 3> factors{};
};

inline constexpr int most_gate_qubits = 3;

/// One row per gate.
struct GateInfo {
  Gate gate;
  std::string_view name;  ///< as written in configurations; that of OpenQASM's stdgates.inc where it is there
  int arity;              ///< qubits it acts on; of a controlled gate the first is the control
  int angles;             ///< how many it takes
  std::string_view generator;  ///< of exp(-i a P / 2): a Pauli for each qubit; "" for other gates
  /// Elementary gates without an angle: Paulis A = Z of the first and B of the second qubit, the gate being
  /// (1 + A) / 2 + (1 - A) / 2 B.
  std::string_view axes = {};
  /// Elementary gates that do what this one does, up to a phase of the whole state, in the order in which
  /// they act; none for an elementary gate.
  std::span<const GatePart> parts = {};
  std::array<std::string_view, 2> other_names = {};  ///< older ones and aliases, in OpenQASM alone
};

inline constexpr double half_pi = 1.57079632679489661923;

/// Parameter-shift rule of an elementary rotation: d<O>/da = (f(a + shift) - f(a - shift)) / 2.
inline constexpr double parameter_shift = half_pi;

namespace gate_parts {
inline constexpr double pi = 2 * half_pi, quarter_pi = half_pi / 2;
inline constexpr std::array<double, 3> a{1, 0, 0}, b{0, 1, 0}, c{0, 0, 1}, half_a{0.5, 0, 0},
    minus_half_a{-0.5, 0, 0};
constexpr GatePart turn(Gate gate, int qubit, double constant) { return {gate, qubit, -1, constant, {}}; }
constexpr GatePart turn(Gate gate, int qubit, const std::array<double, 3>& factors) {
  return {gate, qubit, -1, 0, factors};
}
constexpr GatePart pair(Gate gate, int first, int second) { return {gate, first, second, 0, {}}; }
// clang-format off
inline constexpr GatePart of_x[] = {turn(Gate::rx, 0, pi)};
inline constexpr GatePart of_y[] = {turn(Gate::ry, 0, pi)};
inline constexpr GatePart of_z[] = {turn(Gate::rz, 0, pi)};
inline constexpr GatePart of_h[] = {turn(Gate::rz, 0, pi), turn(Gate::ry, 0, half_pi)};
inline constexpr GatePart of_s[] = {turn(Gate::rz, 0, half_pi)};
inline constexpr GatePart of_sdg[] = {turn(Gate::rz, 0, -half_pi)};
inline constexpr GatePart of_t[] = {turn(Gate::rz, 0, quarter_pi)};
inline constexpr GatePart of_tdg[] = {turn(Gate::rz, 0, -quarter_pi)};
inline constexpr GatePart of_sx[] = {turn(Gate::rx, 0, half_pi)};
inline constexpr GatePart of_sxdg[] = {turn(Gate::rx, 0, -half_pi)};
inline constexpr GatePart of_p[] = {turn(Gate::rz, 0, a)};
inline constexpr GatePart of_u[] = {turn(Gate::rz, 0, c), turn(Gate::ry, 0, a), turn(Gate::rz, 0, b)};
inline constexpr GatePart of_cy[] = {turn(Gate::rz, 1, -half_pi), pair(Gate::cx, 0, 1), turn(Gate::rz, 1, half_pi)};
inline constexpr GatePart of_ch[] = {turn(Gate::ry, 1, -quarter_pi), pair(Gate::cz, 0, 1), turn(Gate::ry, 1, quarter_pi)};
inline constexpr GatePart of_swap[] = {pair(Gate::cx, 0, 1), pair(Gate::cx, 1, 0), pair(Gate::cx, 0, 1)};
inline constexpr GatePart of_iswap[] = {turn(Gate::rz, 0, half_pi), turn(Gate::rz, 1, half_pi), pair(Gate::cz, 0, 1), pair(Gate::cx, 0, 1), pair(Gate::cx, 1, 0), pair(Gate::cx, 0, 1)};
inline constexpr GatePart of_ecr[] = {pair(Gate::cx, 0, 1), turn(Gate::rz, 0, half_pi), turn(Gate::rx, 1, half_pi), turn(Gate::rx, 0, pi)};
inline constexpr GatePart of_crx[] = {turn(Gate::rx, 1, half_a), pair(Gate::cz, 0, 1), turn(Gate::rx, 1, minus_half_a), pair(Gate::cz, 0, 1)};
inline constexpr GatePart of_cry[] = {turn(Gate::ry, 1, half_a), pair(Gate::cz, 0, 1), turn(Gate::ry, 1, minus_half_a), pair(Gate::cz, 0, 1)};
inline constexpr GatePart of_crz[] = {turn(Gate::rz, 1, half_a), pair(Gate::cx, 0, 1), turn(Gate::rz, 1, minus_half_a), pair(Gate::cx, 0, 1)};
inline constexpr GatePart of_cp[] = {turn(Gate::rz, 0, half_a), turn(Gate::rz, 1, half_a), pair(Gate::cx, 0, 1), turn(Gate::rz, 1, minus_half_a), pair(Gate::cx, 0, 1)};
inline constexpr GatePart of_rxx[] = {pair(Gate::cx, 0, 1), turn(Gate::rx, 0, a), pair(Gate::cx, 0, 1)};
inline constexpr GatePart of_ryy[] = {turn(Gate::rz, 0, -half_pi), turn(Gate::rz, 1, -half_pi), pair(Gate::cx, 0, 1), turn(Gate::rx, 0, a), pair(Gate::cx, 0, 1), turn(Gate::rz, 0, half_pi), turn(Gate::rz, 1, half_pi)};
inline constexpr GatePart of_rzz[] = {pair(Gate::cx, 0, 1), turn(Gate::rz, 1, a), pair(Gate::cx, 0, 1)};
inline constexpr GatePart of_rzx[] = {pair(Gate::cz, 0, 1), turn(Gate::rx, 1, a), pair(Gate::cz, 0, 1)};
inline constexpr GatePart of_ccx[] = {turn(Gate::rz, 2, pi), turn(Gate::ry, 2, half_pi), pair(Gate::cx, 1, 2), turn(Gate::rz, 2, -quarter_pi), pair(Gate::cx, 0, 2), turn(Gate::rz, 2, quarter_pi), pair(Gate::cx, 1, 2), turn(Gate::rz, 2, -quarter_pi), pair(Gate::cx, 0, 2), turn(Gate::rz, 1, quarter_pi), turn(Gate::rz, 2, quarter_pi), pair(Gate::cx, 0, 1), turn(Gate::rz, 0, quarter_pi), turn(Gate::rz, 1, -quarter_pi), pair(Gate::cx, 0, 1), turn(Gate::rz, 2, pi), turn(Gate::ry, 2, half_pi)};
inline constexpr GatePart of_ccz[] = {pair(Gate::cx, 1, 2), turn(Gate::rz, 2, -quarter_pi), pair(Gate::cx, 0, 2), turn(Gate::rz, 2, quarter_pi), pair(Gate::cx, 1, 2), turn(Gate::rz, 2, -quarter_pi), pair(Gate::cx, 0, 2), turn(Gate::rz, 1, quarter_pi), turn(Gate::rz, 2, quarter_pi), pair(Gate::cx, 0, 1), turn(Gate::rz, 0, quarter_pi), turn(Gate::rz, 1, -quarter_pi), pair(Gate::cx, 0, 1)};
inline constexpr GatePart of_cswap[] = {pair(Gate::cx, 2, 1), turn(Gate::rz, 2, pi), turn(Gate::ry, 2, half_pi), pair(Gate::cx, 1, 2), turn(Gate::rz, 2, -quarter_pi), pair(Gate::cx, 0, 2), turn(Gate::rz, 2, quarter_pi), pair(Gate::cx, 1, 2), turn(Gate::rz, 2, -quarter_pi), pair(Gate::cx, 0, 2), turn(Gate::rz, 1, quarter_pi), turn(Gate::rz, 2, quarter_pi), pair(Gate::cx, 0, 1), turn(Gate::rz, 0, quarter_pi), turn(Gate::rz, 1, -quarter_pi), pair(Gate::cx, 0, 1), turn(Gate::rz, 2, pi), turn(Gate::ry, 2, half_pi), pair(Gate::cx, 2, 1)};
// clang-format on
}  // namespace gate_parts

// A new gate is its enumerator, its parts and its row.
// clang-format off
inline constexpr GateInfo gate_table[] = {
    {Gate::rx, "rx", 1, 1, "X"},
    {Gate::ry, "ry", 1, 1, "Y"},
    {Gate::rz, "rz", 1, 1, "Z"},
    {Gate::cx, "cx", 2, 0, "", "ZX", {}, {"CX"}},
    {Gate::cz, "cz", 2, 0, "", "ZZ"},
    {Gate::x, "x", 1, 0, "", "", gate_parts::of_x},
    {Gate::y, "y", 1, 0, "", "", gate_parts::of_y},
    {Gate::z, "z", 1, 0, "", "", gate_parts::of_z},
    {Gate::h, "h", 1, 0, "", "", gate_parts::of_h},
    {Gate::s, "s", 1, 0, "", "", gate_parts::of_s},
    {Gate::sdg, "sdg", 1, 0, "", "", gate_parts::of_sdg},
    {Gate::t, "t", 1, 0, "", "", gate_parts::of_t},
    {Gate::tdg, "tdg", 1, 0, "", "", gate_parts::of_tdg},
    {Gate::sx, "sx", 1, 0, "", "", gate_parts::of_sx},
    {Gate::sxdg, "sxdg", 1, 0, "", "", gate_parts::of_sxdg},
    {Gate::p, "p", 1, 1, "", "", gate_parts::of_p, {"phase", "u1"}},
    {Gate::u, "u", 1, 3, "", "", gate_parts::of_u, {"U", "u3"}},
    {Gate::cy, "cy", 2, 0, "", "", gate_parts::of_cy},
    {Gate::ch, "ch", 2, 0, "", "", gate_parts::of_ch},
    {Gate::swap, "swap", 2, 0, "", "", gate_parts::of_swap},
    {Gate::iswap, "iswap", 2, 0, "", "", gate_parts::of_iswap},
    {Gate::ecr, "ecr", 2, 0, "", "", gate_parts::of_ecr},
    {Gate::crx, "crx", 2, 1, "", "", gate_parts::of_crx},
    {Gate::cry, "cry", 2, 1, "", "", gate_parts::of_cry},
    {Gate::crz, "crz", 2, 1, "", "", gate_parts::of_crz},
    {Gate::cp, "cp", 2, 1, "", "", gate_parts::of_cp, {"cphase", "cu1"}},
    {Gate::rxx, "rxx", 2, 1, "XX", "", gate_parts::of_rxx},
    {Gate::ryy, "ryy", 2, 1, "YY", "", gate_parts::of_ryy},
    {Gate::rzz, "rzz", 2, 1, "ZZ", "", gate_parts::of_rzz},
    {Gate::rzx, "rzx", 2, 1, "ZX", "", gate_parts::of_rzx},
    {Gate::ccx, "ccx", 3, 0, "", "", gate_parts::of_ccx},
    {Gate::ccz, "ccz", 3, 0, "", "", gate_parts::of_ccz},
    {Gate::cswap, "cswap", 3, 0, "", "", gate_parts::of_cswap},
};
// clang-format on
static_assert(one_row_each(gate_table, &GateInfo::gate));

constexpr const GateInfo& info(Gate gate) { return gate_table[static_cast<std::size_t>(gate)]; }
constexpr bool is_rotation(Gate gate) { return !info(gate).generator.empty(); }
constexpr bool is_qubit_rotation(Gate gate) { return is_rotation(gate) && info(gate).arity == 1; }
constexpr bool is_qubit_gate(Gate gate) { return info(gate).arity == 1; }
constexpr bool is_pair_gate(Gate gate) { return info(gate).arity == 2; }
/// One number turns it: what can carry a number of a sample.
constexpr bool carries_angle(Gate gate) { return info(gate).angles == 1; }
/// Whether the gate is one of those that others are made of.
constexpr bool is_elementary(Gate gate) { return info(gate).parts.empty(); }

/// The gate that turns by an angle about a Pauli for each qubit.
constexpr Gate rotation_about(std::string_view paulis) {
  for (const GateInfo& row : gate_table)
    if (row.generator == paulis) return row.gate;
  return std::optional<Gate>().value();
}
/// The elementary gate that is a Pauli on its second qubit where the first is 1.
constexpr Gate controlled_gate(char pauli) {
  for (const GateInfo& row : gate_table)
    if (row.axes.size() == 2 && row.axes[0] == 'Z' && row.axes[1] == pauli) return row.gate;
  return std::optional<Gate>().value();
}

/// The Pauli with whose rotations an elementary gate commutes on its qubit number `qubit`.
constexpr char axis(Gate gate, int qubit) {
  return (is_rotation(gate) ? info(gate).generator : info(gate).axes)[static_cast<std::size_t>(qubit)];
}
/// Elementary gates that are diagonal commute with each other and with what readouts measure.
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
constexpr bool is_complete(const GateInfo& row, const GatePart& part) {
  if (!is_elementary(part.gate) || part.first < 0 || part.first >= row.arity || part.second >= row.arity)
    return false;
  if ((info(part.gate).arity == 2) != (part.second >= 0) || part.first == part.second) return false;
  bool turns = part.constant != 0.0;
  for (std::size_t i = 0; i < part.factors.size(); ++i) {
    if (part.factors[i] != 0.0 && static_cast<int>(i) >= row.angles) return false;
    turns = turns || part.factors[i] != 0.0;
  }
  return turns == is_rotation(part.gate);
}
constexpr bool gate_table_is_complete() {
  for (const GateInfo& row : gate_table) {
    const bool rotation = !row.generator.empty();
    if (row.arity > most_gate_qubits || row.angles > 3) return false;
    if (rotation && (row.generator.size() != static_cast<std::size_t>(row.arity) || row.angles != 1))
      return false;
    const bool known = rotation ? row.arity == 1 : row.axes == "ZX" || row.axes == "ZZ";
    if (row.parts.empty() && !known) return false;
    for (const GatePart& part : row.parts)
      if (!is_complete(row, part)) return false;
  }
  return true;
}
}  // namespace detail
static_assert(detail::gate_table_is_complete(),
              "a gate needs parts of elementary gates on its qubits and angles, or to be elementary itself");

/// The gate with that name, or nothing.
constexpr std::optional<Gate> gate_by_name(std::string_view name) {
  for (const GateInfo& row : gate_table)
    if (row.name == name) return row.gate;
  return std::nullopt;
}
/// The same by every name that OpenQASM has for it.
constexpr std::optional<Gate> gate_by_qasm_name(std::string_view name) {
  for (const GateInfo& row : gate_table)
    for (std::string_view other : row.other_names)
      if (!other.empty() && other == name) return row.gate;
  return gate_by_name(name);
}

/// The names of the gates that `which` chooses, in the table's order.
std::vector<std::string> gate_names(bool (*which)(Gate gate));
/// "rx, ry, rz": those names for a message.
std::string listed_gates(bool (*which)(Gate gate));

/// Matrix of an elementary gate, row-major, 2 x 2 or 4 x 4 (basis index = bit of the first qubit + 2 * bit of
/// the second). `angle` is ignored by fixed gates. Unused entries are zero.
std::array<std::complex<double>, 16> matrix(Gate gate, double angle);

}  // namespace qmtl
