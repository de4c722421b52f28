// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/circuit/ansatz/ansatz.h"

namespace qmtl {

/// The shared stage or a block as gates by hand: what a layer with these as its `ops` makes is the same
/// circuit. Qubits are positions of its register, trainable numbers count from its first.
struct PartByHand {
  std::vector<GateUse> gates;
  int qubits = 0;   ///< of its register
  int inputs = 0;   ///< of the whole circuit: numbers of a sample and, behind them, angles of encodings
  int trained = 0;  ///< trainable numbers, its own
};

/// However the stage is written: in the short form, as a preset, layer by layer.
PartByHand stage_by_hand(const AnsatzSpec& spec);
/// The gates of a block without those that turn what is measured into Z.
PartByHand block_by_hand(const AnsatzSpec& spec, std::size_t block);
/// What a block measures, one text for each of its outputs (observable.h).
std::vector<std::string> observables_by_hand(const AnsatzSpec& spec, std::size_t block);

/// A whole program of OpenQASM 3 without measurements: inputs z0, z1, ... are the sample's, w0, w1, ...
/// trained. Single numbers, since readers of OpenQASM other than ours take no arrays as inputs. read_qasm
/// (qasm/reader.h) reads it.
std::string write_qasm_program(const PartByHand& part);

}  // namespace qmtl
