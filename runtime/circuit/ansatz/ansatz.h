// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/circuit/circuit.h"
#include "runtime/circuit/layers.h"

namespace qmtl {

enum class Entangler : std::uint8_t { none, cx_ring, cx_line, cz_ring, cz_line, brickwork_cz };
enum class Placement : std::uint8_t { global, local };
enum class BlockOrder : std::uint8_t {
  er,  ///< each layer: entangler, then rotations
  re,  ///< each layer: rotations, then entangler
};
enum class ReadoutKind : std::uint8_t {
  first,    ///< Z of the register's first qubit
  mean,     ///< mean of the register's Z
  weights,  ///< trainable weights on the register's Z
  strings,  ///< listed Z-strings, with equal weights 1 / count
};

/// What one block has of its own (table [task.<name>] of a configuration).
struct BlockSpec {
  std::string key = {};                       ///< for messages: what the user wrote it under
  std::vector<int> qubits = {};               ///< its register; empty: as the table [block] says
  std::vector<CircuitLayer> layers = {};      ///< empty: as the table [block] says, unless `bare`
  bool bare = false;                          ///< it has no gates
  std::vector<std::string> observables = {};  ///< one for each output; empty: as the table [block] says
  bool operator==(const BlockSpec&) const = default;
};

/// Qubits of a register of which nothing is said, where there are so many.
inline constexpr int usual_register = 4;

/// What a user writes about the circuit (tables [circuit] and [block] of a configuration), with all numbers
/// resolved.
struct AnsatzSpec {
  int qubits = 8;
  int uploads = 1;  ///< how often angles are uploaded; before shared layer u * layers / uploads
  bool repeat_uploads =
      false;               ///< true: each upload carries the same `qubits` angles; false: angles of its own
  Gate upload = Gate::ry;  ///< rx or ry
  int layers = 1;          ///< shared layers, each: rotations on every qubit, then the entangler
  std::vector<Gate> rotations{Gate::ry};
  Entangler entangler = Entangler::cz_ring;

  Placement placement = Placement::local;
  int register_size = usual_register;  ///< k; ignored for global placement
  int stride = 2;  ///< first qubit of register r is (r * stride) mod qubits, wrapping; local placement
  std::vector<std::vector<int>> registers;  ///< by hand, one per block; empty: laid out with the stride
  int block_layers = 1;
  std::vector<Gate> block_rotations{Gate::ry};
  Entangler block_entangler = Entangler::none;
  BlockOrder block_order = BlockOrder::er;

  ReadoutKind readout = ReadoutKind::mean;
  /// ReadoutKind::strings: each string lists positions inside the register.
  std::vector<std::vector<int>> strings;

  /// Published circuits (presets.h) as the shared stage, `layers` times, and as every block, `block_layers`
  /// times, instead of rotations and entanglers; empty: none.
  std::string preset = {}, block_preset = {};
  /// The shared stage and every block layer by layer, instead of the short forms above; empty: those.
  std::vector<CircuitLayer> stage = {}, block_stage = {};
  /// What every block measures, one for each of its outputs (observable.h), instead of `readout`.
  std::vector<std::string> observables = {};
  std::vector<BlockSpec> blocks = {};  ///< what blocks have of their own; empty, or one for each

  /// One entry per block: how many outputs it has. With more than one output (one observable per class)
  /// output c measures the readout rotated by c positions along the register.
  std::vector<int> block_outputs{1};

  /// Numbers of a sample that the circuit encodes: the width of the representation.
  int angles() const;
  /// Whether it is written in the short forms alone.
  bool is_short() const;
  bool operator==(const AnsatzSpec&) const = default;
};

/// Which part of the flat vector of trainable numbers is which: [shared | blocks | readout weights].
struct ParamLayout {
  int shared = 0;                ///< numbers 0 .. shared-1
  std::vector<int> block_begin;  ///< first number of each block; size blocks + 1
  int weights_begin = 0;
  int total = 0;
  std::vector<TrainedNumber> trained;  ///< [total]
  std::vector<std::string> names() const;
};

/// A specification as a circuit. A block whose outputs are read in several bases is several blocks of the
/// circuit, and an output whose strings need several bases is a sum of the circuit's outputs.
struct Assembly {
  Circuit circuit;
  ParamLayout layout;
  std::vector<int> first_block;  ///< of the circuit, for each block of the specification; and the end
  std::vector<std::vector<int>> outputs;  ///< of the circuit, whose sum each output is

  /// Whether the circuit's outputs are the specification's, in their order.
  bool plain() const;
};

/// One entangler: its name in configurations and its two-qubit gates.
struct EntanglerInfo {
  Entangler kind;
  std::string_view name;
  Gate gate;
  /// Pairs of positions in a register of so many qubits, in the order of the gates; null: no gates.
  std::vector<std::pair<int, int>> (*pairs)(int qubits, int layer);

  bool entangles() const { return pairs != nullptr; }
};

/// All entanglers. Rings of two qubits have one gate, of one none. cx-ring: (q_i, q_i+1 mod k) one after
/// another. brickwork-cz in layer l: pairs starting at l mod 2, no wrap.
std::span<const EntanglerInfo> entangler_table();
const EntanglerInfo& info(Entangler entangler);

/// Its gates over `qubits`.
std::vector<Op> entangle(Entangler entangler, const std::vector<int>& qubits, int layer);

/// Throws Error (usage) that names the key, the value and what was expected.
Assembly assemble(const AnsatzSpec& spec);
/// Its circuit alone, its trainable numbers alone.
Circuit build(const AnsatzSpec& spec);
ParamLayout layout(const AnsatzSpec& spec);
/// The layers that a stage and a block are, of a preset or by hand; empty: they are in the short form.
std::vector<CircuitLayer> stage_layers(const AnsatzSpec& spec);
std::vector<CircuitLayer> block_layers_of(const AnsatzSpec& spec, std::size_t block);
/// The qubits of block `block`.
std::vector<int> register_of(const AnsatzSpec& spec, std::size_t block);

/// Names as in configurations ("cz-ring", "local", "er", "mean"); parse_* throw Error (usage) listing the
/// choices.
std::string_view name(Entangler value);
std::string_view name(Placement value);
std::string_view name(BlockOrder value);
std::string_view name(ReadoutKind value);
Entangler parse_entangler(std::string_view text);
Placement parse_placement(std::string_view text);
BlockOrder parse_block_order(std::string_view text);
ReadoutKind parse_readout_kind(std::string_view text);

}  // namespace qmtl
