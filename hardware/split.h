#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hardware/program.h"
#include "runtime/circuit/circuit.h"

namespace qmtl {

/// How a head's circuit is cut into programs.
enum class HeadSplit : std::uint8_t {
  wide,    ///< as few programs as there are sets of blocks with disjoint registers; all qubits in each
  cones,   ///< a program for each register, cut to its causal cone: for small devices
  packed,  ///< cones side by side in one program as far as `max_qubits` allows
};
std::string_view name(HeadSplit split);
/// Throws Error (usage) listing the choices.
HeadSplit parse_head_split(std::string_view text);

/// What of a program's angles stays an input.
struct HeadInputs {
  bool angles = true;  ///< the sample's angles, "a0000" ...; else they are taken from the first sample
  bool params =
      false;  ///< trainable parameters of the blocks, "p0000" ... (for parameter shifts); else bound
};

/// One program of a head, and what its readings mean.
struct HeadProgram {
  DeviceProgram program;
  std::vector<int> blocks;             ///< of the circuit: those whose readouts it measures
  std::vector<std::vector<int>> bits;  ///< bits[i][j]: classical bit of qubit j of blocks[i]'s register
  std::vector<int> angles;             ///< sample angle that input i carries, for the first inputs
  std::vector<int> params;             ///< trainable parameter that the inputs behind them carry
};

/// Cuts a circuit into programs on as few executions as the split allows. `params` are the circuit's
/// trainable numbers. Blocks share a program only if their registers are disjoint (their gates would disturb
/// each other's readings). Gates that no reading can depend on are left out. Throws Error (usage) with the
/// numbers when a program needs more than `max_qubits` (0: no limit), and what would help.
std::vector<HeadProgram> split_head(const Circuit& circuit, std::span<const double> params, HeadSplit split,
                                    const HeadInputs& inputs = {}, int max_qubits = 0);

/// Values of the program's inputs for samples: [samples, program.inputs] from angles[samples, circuit.angles]
/// and the circuit's trainable numbers.
std::vector<double> input_values(const HeadProgram& program, std::span<const double> params,
                                 std::size_t samples, const double* angles, std::size_t circuit_angles);

}  // namespace qmtl
