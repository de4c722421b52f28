// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/circuit/plan/plan.h"

namespace qmtl::engine {

/// A circuit as the kernels run it: every gate is either part of a layer of RY rotations, or part of a mix, a
/// monomial matrix (permutation times diagonal) between two layers. RX(a) = RZ(-pi/2) RY(a) RZ(pi/2); CX only
/// permutes; CZ, RZ are diagonal. Gates on other qubits commute, so each gate moves to the earliest layer or
/// mix it can join.

/// Row of amplitude i in a state: one spare row per 64 keeps strides off multiples of 4 KiB (cache sets).
constexpr std::uint32_t row(std::uint32_t i) { return i + (i >> 6); }
constexpr std::size_t rows(int qubits) { return row((std::uint32_t{1} << qubits) - 1) + 1; }

/// One term of a rotation's angle: a sample angle or a parameter.
struct AngleTerm {
  bool sample;
  int index;
};

/// All RY gates on one qubit of a layer; their angles add up.
struct RyGate {
  int qubit;
  std::vector<AngleTerm> terms;
  double constant = 0.0;
};

/// k gates of a layer done in one load and store of the state: amplitude groups base + offset.
struct Pass {
  int k = 0;
  int first_gate = 0;  ///< gates first_gate .. first_gate + k - 1 of the layer
  std::array<std::uint32_t, 16> offset{}, offset_row{};
  std::vector<std::uint32_t> base, base_row;
};

/// A rotation of one qubit about X or Y where another is 1: in place on that half of the state, so that a
/// sequence of them is one layer. Only in states below `blocked_bits` (row_blocks.h).
struct Turn {
  int control, target;
  bool about_x;
  std::vector<AngleTerm> terms;  ///< of half the angle
  double constant = 0.0;
  int slot = 0;    ///< among all gates of the program
  int number = 0;  ///< among all turns
  /// Rows of the amplitudes that are turned with the one `target_row` behind.
  std::vector<std::uint32_t> base_row;
  std::uint32_t target_row = 0;
};

struct RyLayer {
  std::vector<RyGate> gates;               ///< ascending qubits
  int qubits = 0;                          ///< of the state
  int slot = 0;                            ///< position of the first gate among all gates of the program
  std::vector<Turn> turns;                 ///< in order, after the gates
  bool complex = false;                    ///< the state after this layer has an imaginary part
  bool turned_complex = false;             ///< by its turns alone
  int rotate_slot = 0, in_place_slot = 0;  ///< position of the first pass of each list among all passes
  std::vector<Pass> rotate;  ///< first pass reads the previous state through the mix, the others are in place
  std::vector<Pass> in_place;  ///< passes of up to four gates, for gradients and the way back
};

/// phase(i) += -(angle / 2) * (-1)^parity(mask & i), angle = parameter or constant.
struct PhaseTerm {
  std::uint64_t mask;
  int param;     ///< -1: constant
  double angle;  ///< of a constant
};

/// out[target(i)] = in[i] * sign(i) * exp(i phase(i)); bit q of target(i) is parity(rows[q] & i).
struct Mix {
  std::vector<std::uint64_t> bits;
  std::vector<std::pair<std::uint64_t, std::uint64_t>>
      cz;  ///< sign = product of (-1)^(parity(a & i) parity(b & i))
  std::vector<PhaseTerm> phases;
  int table = -1;          ///< number of its phase table (equal mixes share one)
  int gradient_slot = -1;  ///< number among the mixes with phase parameters, or -1
  std::vector<PhaseTerm>
      own;  ///< phases whose gradient this mix must yield (a block's entry: its own gates only)

  /// In output order j: the index that moves to j, its row, and whether its sign flips.
  std::vector<std::uint32_t> source, source_row;
  std::vector<std::uint8_t> negative;
};

/// One Z-string of a readout on indices before the last mix.
struct StringTerm {
  std::uint64_t mask;
  double weight;
  int weight_param;
};

/// A register inside a state of `qubits` qubits: the row of each of its indices, and of each index of the
/// other qubits; a row of the state is their sum.
struct Split {
  std::vector<std::uint32_t> offset_row, base_row;
};

/// A block that branches from the shared state, or a block as operators on its register.
struct BlockProgram {
  Mix entry;  ///< the shared stage's last mix, then the block's gates before its first RY layer
  std::vector<RyLayer> layers;
  std::vector<Mix> mixes;           ///< after each layer but the last, whose mix is folded into the strings
  std::vector<int> readout_qubits;  ///< qubits that all strings live on
  Split split;                      ///< by readout_qubits
  std::vector<std::vector<StringTerm>> outputs;  ///< masks over readout_qubits' positions
  int first_output = 0;
  /// One rotation layer before a readout of one Z-string: the readout as a product of one-qubit operators
  /// RY(a)^dagger Z RY(a) on the state that all such blocks share. Then `layers` is empty.
  std::optional<RyLayer> product;
};

struct Program {
  int qubits = 0;
  /// How many qubits begin with numbers of the sample as amplitudes, and how many numbers; the other qubits
  /// begin with layer 0. start_order: those, number j having bit k on start_order[k], then the others;
  /// start_index: in that order's numbering of basis states, each one's index.
  int start_qubits = 0, start_numbers = 0;
  std::vector<int> start_order;
  std::vector<std::uint32_t> start_index;
  bool complex = false;              ///< any state has an imaginary part
  std::vector<RyLayer> shared;       ///< layer 0 acts on |0...0>: a product state
  std::vector<Mix> mixes;            ///< after each shared layer
  std::vector<BlockProgram> blocks;  ///< branch method only
  int gates = 0;                     ///< RY gates and turns of all layers
  std::vector<int> turn_of;          ///< [gates] number of a turn, -1 for others
  int passes = 0;                    ///< passes of all layers, both lists
  int turns = 0;
  int tables = 0;  ///< distinct phase tables
  int gradient_slots = 0;
  int block_layers = 0;   ///< most layers in one block
  bool products = false;  ///< any block has a product
};

struct CompileOptions {
  bool complex = false;         ///< the first state has an imaginary part
  bool products = false;        ///< product readouts where they are cheaper
  std::vector<int> start = {};  ///< AmplitudeStart::qubits, where its gates are not in the circuit
  int start_numbers = 0;
  bool operator==(const CompileOptions&) const = default;
};

/// Compiles a part. For BlockMethod::operators only the shared stage is compiled.
Program compile(const Circuit& circuit, BlockMethod method, const CompileOptions& options);

/// Compiled programs by circuit. Cones of like registers and blocks of one shape are equal circuits: they
/// share one program, so that the programs of a wide model stay in the caches.
class Programs {
 public:
  std::shared_ptr<const Program> get(const Circuit& circuit, BlockMethod method,
                                     const CompileOptions& options);

 private:
  struct Known {
    Circuit circuit;
    BlockMethod method;
    CompileOptions options;
    std::shared_ptr<const Program> program;
  };
  std::vector<Known> known_;
};

Split split_rows(int qubits, const std::vector<int>& reg);

}  // namespace qmtl::engine
