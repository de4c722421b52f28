// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/gates.h"

#include <cmath>

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
  const double c = std::cos(angle / 2), s = std::sin(angle / 2);
  if (axis(gate, 0) == 'X') return {C(c), C(0, -s), C(0, -s), C(c)};
  if (axis(gate, 0) == 'Y') return {C(c), C(-s), C(s), C(c)};
  return {C(c, -s), C(0), C(0), C(c, s)};
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
