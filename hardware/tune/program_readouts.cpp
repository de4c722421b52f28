#include "hardware/tune/program_readouts.h"

#include <algorithm>

#include "runtime/error.h"

namespace qmtl {
namespace {

int bit_that_reads(const HeadProgram& program, std::size_t block, int qubit) {
  const std::vector<int>& reads = program.registers[block];
  const auto found = std::find(reads.begin(), reads.end(), qubit);
  if (found == reads.end())
    throw usage_error("program " + program.program.name + ": an observable reads qubit " +
                      std::to_string(qubit) + ", which is not of its block's register");
  return program.bits[block][static_cast<std::size_t>(found - reads.begin())];
}

}  // namespace

ProgramReadouts program_readouts(const Circuit& circuit, std::span<const double> params,
                                 const HeadProgram& program) {
  std::vector<int> first_output{0};
  for (const Block& block : circuit.blocks)
    first_output.push_back(first_output.back() + static_cast<int>(block.outputs.size()));
  ProgramReadouts readouts;
  for (std::size_t b = 0; b < program.blocks.size(); ++b) {
    const auto number = static_cast<std::size_t>(program.blocks[b]);
    const Block& block = circuit.blocks[number];
    for (std::size_t o = 0; o < block.outputs.size(); ++o) {
      readouts.outputs.push_back(first_output[number] + static_cast<int>(o));
      readouts.blocks.push_back(program.blocks[b]);
      std::vector<BitTerm>& terms = readouts.terms.emplace_back();
      for (const ZString& string : block.outputs[o].strings) {
        BitTerm term{
            {},
            string.weight_param < 0 ? string.weight : params[static_cast<std::size_t>(string.weight_param)]};
        for (int qubit : string.qubits) term.bits.push_back(bit_that_reads(program, b, qubit));
        std::sort(term.bits.begin(), term.bits.end());
        terms.push_back(std::move(term));
      }
    }
  }
  return readouts;
}

std::vector<double> readout_values(const ProgramReadouts& readouts, std::span<const Counts> counts) {
  std::vector<double> values;
  for (const Counts& row : counts)
    for (const std::vector<BitTerm>& terms : readouts.terms) values.push_back(expectation(row, terms).value);
  return values;
}

}  // namespace qmtl
