// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "hardware/mitigation/readout.h"
#include "hardware/split.h"

namespace qmtl {

/// How one output of a head's circuit is read from a program's classical bits: the expectation of the sum of
/// its terms.
struct ReadOutput {
  int output = 0;  ///< of the circuit
  std::vector<BitTerm> terms;
};

/// The outputs that a program of split_head measures, in the order of its blocks. `params` are the circuit's
/// trainable numbers: readout weights are among them.
std::vector<ReadOutput> read_outputs(const Circuit& circuit, std::span<const double> params,
                                     const HeadProgram& head);

}  // namespace qmtl
