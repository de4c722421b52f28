// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// Neighbouring rotations about one axis, as one: the sum of these parameters and sample angles and a
/// constant.
struct PauliAngle {
  std::vector<int> params, angles;
  double constant = 0.0;
  auto operator<=>(const PauliAngle&) const = default;
};

enum class Trig : std::uint8_t { cos, sin };

/// coefficient[to] += sign * trig(constant angle) * coefficient[from]; from < to.
struct PauliEdge {
  int from, to;
  int angle;  ///< index into PauliExpansion::constant
  Trig trig;
  double sign;
};

/// coefficient[vertex] starts with the sum of weight * product of the weight parameters (-1: none).
struct PauliRoot {
  int vertex;
  double weight;
  int first, second;
};

/// A product of cosines and sines of sample angles: node = parent * factor; factor = 2 * sample angle + (1
/// for the sine). Node 0 is the empty product.
struct PauliNode {
  int parent, factor;
};

/// Adds sign * coefficient[vertex] to the coefficient of a term.
struct PauliLeaf {
  int term, vertex;
  double sign;
};

/// A circuit's outputs as finite sums, exact: value v = sum over its terms of (a coefficient that depends on
/// the parameters alone) * (a product of cosines and sines of sample angles). Every Z-string is pushed back
/// through the gates to |0...0>: a rotation about P turns a string S that anticommutes with P into cos S +
/// sin i P S; CX and CZ permute strings (Heisenberg picture; Pauli propagation without truncation,
/// arXiv:2308.09109).
struct PauliExpansion {
  std::vector<PauliAngle> constant;  ///< parameters only
  std::vector<PauliAngle> sample;    ///< with at least one sample angle
  int vertices = 0;
  std::vector<PauliRoot> roots;
  std::vector<PauliEdge> edges;  ///< in an order in which every source is complete
  std::vector<PauliNode> nodes;  ///< parents first
  std::vector<int> first;        ///< terms of value v: first[v] .. first[v + 1]
  std::vector<int> term_node;    ///< [terms]
  std::vector<PauliLeaf> leaves;

  std::size_t terms() const { return term_node.size(); }
};

/// Values are the outputs, then (with second moments) the squares of the observables behind them. Nothing if
/// an output's strings exceed `limit` on the way back, or if an output's cone has more than 64 qubits.
std::optional<PauliExpansion> expand_pauli(const Circuit& circuit, bool second_moments,
                                           std::size_t limit = 4096);

/// One value in print, e.g. "cos(p20) cos(a0+p0) - sin(p20) sin(a0+p0) cos(a1+p1)": at most `most` products,
/// then how many are left.
std::string describe_pauli(const PauliExpansion& expansion, std::size_t value, std::size_t most = 8);

}  // namespace qmtl
