// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/circuit/gates.h"

namespace qmtl {

/// Where the angle of a rotation comes from.
enum class Source : std::uint8_t {
  none,   ///< a fixed gate
  angle,  ///< angle number `index` of the sample (the encoded representation)
  param,  ///< trainable parameter number `index`
};

/// One gate of a circuit. Qubits are global numbers; qubit 0 is the least significant bit of a basis index.
struct Op {
  Gate gate;
  int q0 = 0;
  int q1 = -1;  ///< second qubit of a two-qubit gate (target of cx), else -1
  Source source = Source::none;
  int index = -1;
  bool silent = false;  ///< part of a gate made of several: a device's noise does not act after it

  bool operator==(const Op&) const = default;
};

/// Appends a gate, or the elementary gates that it is made of: whatever reads a circuit knows those alone.
void append_gate(std::vector<Op>& ops, const Op& op);

/// A weighted Z-string: weight * product of Z over `qubits` (global numbers, ascending).
struct ZString {
  std::vector<int> qubits;
  double weight = 1.0;
  int weight_param = -1;  ///< if >= 0 the weight is this trainable parameter and `weight` is ignored

  bool operator==(const ZString&) const = default;
};

/// The weight that counts, for the circuit's trainable numbers.
inline double weight_of(const ZString& string, std::span<const double> params) {
  return string.weight_param < 0 ? string.weight : params[static_cast<std::size_t>(string.weight_param)];
}

/// A diagonal observable: sum of weighted Z-strings. Its expectation is one output of the circuit.
struct Readout {
  std::vector<ZString> strings;

  bool operator==(const Readout&) const = default;
};

/// A task block: gates on `qubits` (its register, in order) that follow the shared stage, and the readouts
/// measured after it. The outputs of block i follow those of block i - 1.
struct Block {
  std::vector<int> qubits;
  std::vector<Op> ops;
  std::vector<Readout> outputs;

  bool operator==(const Block&) const = default;
};

/// The head's circuit: a shared stage (uploads and shared layers) and task blocks that branch from its state.
struct Circuit {
  int qubits = 0;
  int angles = 0;  ///< angles per sample, d of the design
  int params = 0;  ///< trainable numbers: shared stage, blocks, readout weights
  std::vector<Op> shared;
  std::vector<Block> blocks;

  int outputs() const {
    int count = 0;
    for (const Block& block : blocks) count += static_cast<int>(block.outputs.size());
    return count;
  }
  bool operator==(const Circuit&) const = default;
};

}  // namespace qmtl
