// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/circuit/circuit.h"

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
  int register_size = 4;  ///< k; ignored for global placement
  int stride = 2;         ///< first qubit of register r is (r * stride) mod qubits, wrapping; local placement
  std::vector<std::vector<int>> registers;  ///< by hand, one per block; empty: laid out with the stride
  int block_layers = 1;
  std::vector<Gate> block_rotations{Gate::ry};
  Entangler block_entangler = Entangler::none;
  BlockOrder block_order = BlockOrder::er;

  ReadoutKind readout = ReadoutKind::mean;
  /// ReadoutKind::strings: each string lists positions inside the register.
  std::vector<std::vector<int>> strings;

  /// One entry per block: how many outputs it has. With more than one output (one observable per class)
  /// output c measures the readout rotated by c positions along the register.
  std::vector<int> block_outputs{1};

  int angles() const { return repeat_uploads ? qubits : qubits * uploads; }
  bool operator==(const AnsatzSpec&) const = default;
};

/// Which part of the flat parameter vector of an ansatz is which: [shared | blocks | readout weights].
struct ParamLayout {
  int shared = 0;                ///< parameters 0 .. shared-1
  std::vector<int> block_begin;  ///< first parameter of each block; size blocks + 1
  int weights_begin = 0;
  int total = 0;
  /// Readable name of every parameter, e.g. "shared.l0.ry.q3", "block2.l0.ry.q5", "block2.out0.weight.q5".
  std::vector<std::string> names;
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

/// The circuit of a specification. Throws Error (usage) that names the key, the value and what was expected.
Circuit build(const AnsatzSpec& spec);
ParamLayout layout(const AnsatzSpec& spec);

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
