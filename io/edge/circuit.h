// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "io/edge/readout.h"
#include "runtime/circuit/circuit.h"

namespace qmtl {

/// How a circuit is to be evaluated; `automatic` takes what needs the fewest multiplications and bytes.
enum class EdgeMethod : std::uint8_t {
  automatic,
  pauli,      ///< readouts pushed back to sums of products of cosines and sines
  operators,  ///< a statevector of the shared stage; blocks pushed back to Pauli strings measured on it
  state,      ///< statevectors: every block runs on a copy of the shared stage's
};
std::string_view name(EdgeMethod method);
EdgeMethod parse_edge_method(std::string_view text);

struct EdgeCircuit {
  const Circuit& circuit;
  const std::vector<double>& params;
  EdgeValue angles;  ///< of the sample; `gain` times these are radians
  double gain = 1.0;
  EdgeValue target;                   ///< one number an output
  std::vector<EdgeReadout> readouts;  ///< one per output
  EdgeMethod method = EdgeMethod::automatic;
};

/// Appends the operations that evaluate a circuit exactly, and says how, e.g. "pauli: 340 products". Each
/// register's causal cone on its own or all together, whichever is cheaper. Throws Error (usage) with the
/// number of qubits if it needs a statevector above the format's limit, or if the method asked for cannot.
std::string lower_circuit(EdgeBuilder& builder, const EdgeCircuit& work);

}  // namespace qmtl
