#pragma once

#include <span>
#include <vector>

#include "hardware/mitigation/readout.h"
#include "hardware/split.h"

namespace qmtl {

/// What a head's program says of the circuit's outputs.
struct ProgramReadouts {
  std::vector<int> outputs;                 ///< numbers of the circuit's outputs
  std::vector<int> blocks;                  ///< of each: number of the circuit's block
  std::vector<std::vector<BitTerm>> terms;  ///< of each: its observable on the program's classical bits
};

/// `params` are the circuit's trainable numbers, for weights of observables.
ProgramReadouts program_readouts(const Circuit& circuit, std::span<const double> params,
                                 const HeadProgram& program);

/// Plain expectations of a sweep's counts: [rows, outputs of the program].
std::vector<double> readout_values(const ProgramReadouts& readouts, std::span<const Counts> counts);

}  // namespace qmtl
