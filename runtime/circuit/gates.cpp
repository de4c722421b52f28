// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/gates.h"

#include <cmath>

#include "runtime/circuit/circuit.h"

namespace qmtl {
namespace {

using C = std::complex<double>;

/// P |bit> = factor |bit, flipped or not>.
struct Image {
  C factor;
  bool flips;
};
Image image(char pauli, bool bit) {
  if (pauli == 'X') return {1, true};
  if (pauli == 'Y') return {C(0, bit ? -1 : 1), true};
  return {bit ? -1 : 1, false};
}

/// exp(-i angle P / 2) = cos(angle / 2) - i P sin(angle / 2), for P a Pauli on each of two qubits.
std::array<C, 16> pair_rotation(std::string_view generator, double angle) {
  std::array<C, 16> m{};
  for (unsigned column = 0; column < 4; ++column) {
    const Image first = image(generator[0], column & 1), second = image(generator[1], column & 2);
    const unsigned row = column ^ (first.flips ? 1u : 0u) ^ (second.flips ? 2u : 0u);
    m[4 * column + column] += std::cos(angle / 2);
    m[4 * row + column] += C(0, -std::sin(angle / 2)) * first.factor * second.factor;
  }
  return m;
}

/// The Pauli on the second qubit where the first is 1.
std::array<C, 16> controlled(char pauli) {
  std::array<C, 16> m{};
  for (unsigned column = 0; column < 4; ++column) {
    const Image second = column & 1 ? image(pauli, column & 2) : Image{1, false};
    m[4 * (column ^ (second.flips ? 2u : 0u)) + column] = second.factor;
  }
  return m;
}

}  // namespace

std::array<std::complex<double>, 16> matrix(Gate gate, double angle) {
  const GateInfo& row = info(gate);
  if (!is_rotation(gate)) return controlled(row.axes[1]);
  if (row.arity == 2) return pair_rotation(row.generator, angle);
  const double c = std::cos(angle / 2), s = std::sin(angle / 2);
  if (axis(gate, 0) == 'X') return {C(c), C(0, -s), C(0, -s), C(c)};
  if (axis(gate, 0) == 'Y') return {C(c), C(-s), C(s), C(c)};
  return {C(c, -s), C(0), C(0), C(c, s)};
}

void append_gate(std::vector<Op>& ops, const Op& op) {
  if (is_elementary(op.gate)) {
    ops.push_back(op);
    return;
  }
  const auto qubit = [&](int number) { return number < 0 ? -1 : number == 0 ? op.q0 : op.q1; };
  for (const GatePart& part : info(op.gate).parts) {
    const bool turns = is_rotation(part.gate);
    ops.push_back({part.gate, qubit(part.first), qubit(part.second), turns ? op.source : Source::none,
                   turns ? op.index : -1, op.silent});
  }
}

std::vector<std::string> gate_names(bool (*which)(Gate gate)) {
  std::vector<std::string> names;
  for (const GateInfo& row : gate_table)
    if (which(row.gate)) names.emplace_back(row.name);
  return names;
}

std::string listed_gates(bool (*which)(Gate gate)) {
  std::string text;
  for (const std::string& name : gate_names(which)) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

}  // namespace qmtl
