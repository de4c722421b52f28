// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "runtime/circuit/pauli/pauli.h"
#include "runtime/model/heads/circuit_readout.h"

namespace qmtl {

/// What some logits of a trained head are in front of their maps, written out: u_c = constant_c + sum of
/// coefficient * product of cosines and sines of angles that are a sample's angles and a constant. Exact.
struct HeadExpansion {
  struct Angle {
    std::vector<int> angles;  ///< of the circuit, whose sum it is
    double phase = 0.0;       ///< and this
    bool trained = false;     ///< whether the phase is
  };
  struct Term {
    std::size_t column;  ///< of the logits asked for
    double coefficient;
    int node;                  ///< its product
    std::vector<int> factors;  ///< of angles: 2 * angle + (1 for the sine), ascending
    int degree;                ///< coordinates of the representation that it multiplies, each once
    double uniform_square;     ///< mean square over angles that are independent and uniform
  };
  std::vector<double> constants;  ///< [logits]
  std::vector<Angle> angles;
  std::vector<PauliNode> nodes;  ///< parents first; node 0 is the empty product
  std::vector<Term> terms;       ///< each product of a logit once; constants are not among them

  /// values[terms] of a sample's circuit angles: coefficient * product.
  void terms_of(std::span<const double> sample, std::span<double> values) const;
};

/// A trained circuit with what stands behind it.
struct BoundHead {
  const Circuit& circuit;
  std::span<const double> trained;  ///< the circuit's trainable numbers
  const CircuitReadout& readout;
};

/// Nothing where an output's Pauli strings exceed `limit` on their way back (expand_pauli).
std::optional<HeadExpansion> expand_head(const BoundHead& head, std::size_t first_column, std::size_t columns,
                                         std::size_t limit);

/// The coordinates of the representation that each angle of the circuit depends on, ascending.
std::vector<std::vector<int>> coordinates_of_angles(const Circuit& circuit);

}  // namespace qmtl
