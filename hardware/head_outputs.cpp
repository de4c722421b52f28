// SPDX-License-Identifier: Apache-2.0
#include "hardware/head_outputs.h"

#include <algorithm>

namespace qmtl {
namespace {

int first_output(const Circuit& circuit, int block) {
  int output = 0;
  for (int b = 0; b < block; ++b)
    output += static_cast<int>(circuit.blocks[static_cast<std::size_t>(b)].outputs.size());
  return output;
}

BitTerm term_of(const ZString& string, std::span<const double> params, const std::vector<int>& qubits,
                const std::vector<int>& bits) {
  BitTerm term;
  term.weight = weight_of(string, params);
  for (int qubit : string.qubits)
    term.bits.push_back(
        bits[static_cast<std::size_t>(std::find(qubits.begin(), qubits.end(), qubit) - qubits.begin())]);
  std::sort(term.bits.begin(), term.bits.end());
  return term;
}

}  // namespace

std::vector<ReadOutput> read_outputs(const Circuit& circuit, std::span<const double> params,
                                     const HeadProgram& head) {
  std::vector<ReadOutput> readings;
  for (std::size_t i = 0; i < head.blocks.size(); ++i) {
    int output = first_output(circuit, head.blocks[i]);
    for (const Readout& readout : circuit.blocks[static_cast<std::size_t>(head.blocks[i])].outputs) {
      readings.push_back({output++, {}});
      for (const ZString& string : readout.strings)
        readings.back().terms.push_back(term_of(string, params, head.registers[i], head.bits[i]));
    }
  }
  return readings;
}

}  // namespace qmtl
