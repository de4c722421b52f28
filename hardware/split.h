// SPDX-License-Identifier: Apache-2.0
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
  wide,    ///< blocks that do not disturb each other share a program: as few programs as possible
  cones,   ///< a program for each block, or blocks of one register, cut to its cone: for small devices
  packed,  ///< cones side by side in one program as far as `max_qubits` allows
};
std::string_view name(HeadSplit split);
/// Throws Error (usage) listing the choices.
HeadSplit parse_head_split(std::string_view text);

/// What stays an input of the programs besides the sample's angles.
struct HeadInputs {
  bool block_params = false;  ///< the trainable angles of the task blocks (for parameter shifts); else bound
};

/// One program of a head, and what its readings mean. Inputs are named "a0000" ... by the sample angle and
/// behind them "p0000" ... by the trainable parameter that they carry.
struct HeadProgram {
  DeviceProgram program;
  std::vector<int> blocks;                  ///< of the circuit: those whose readouts it measures
  std::vector<std::vector<int>> registers;  ///< registers[i]: circuit's qubits that blocks[i] reads
  std::vector<std::vector<int>> bits;       ///< bits[i][j]: classical bit that reads registers[i][j]
  std::vector<int> angles;                  ///< sample angle that input i carries, for the first inputs
  std::vector<int> params;                  ///< trainable parameter that the inputs behind them carry
};

/// Cuts a circuit into programs. `params` are the circuit's trainable numbers. Blocks share a program only if
/// neither's gates act on what the other reads, or if all that both do is to turn what they read into the
/// same basis; gates that no reading can depend on are left out, and qubits are numbered without gaps in the
/// order of the circuit's. Throws Error (usage) with the numbers when a program needs more than `max_qubits`
/// (0: no limit), and what would help.
std::vector<HeadProgram> split_head(const Circuit& circuit, std::span<const double> params, HeadSplit split,
                                    const HeadInputs& inputs = {}, int max_qubits = 0);

/// The name of the input that carries a sample angle of a circuit with so many.
std::string angle_input(int angle, int circuit_angles);

/// Values of the program's inputs for samples: [samples, program.inputs] from angles[samples, circuit.angles]
/// and the circuit's trainable numbers.
std::vector<double> input_values(const HeadProgram& program, std::span<const double> params,
                                 std::size_t samples, std::span<const double> angles,
                                 std::size_t circuit_angles);

}  // namespace qmtl
