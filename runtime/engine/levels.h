// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "runtime/circuit/controlled_turn.h"
#include "runtime/engine/program.h"

namespace qmtl::engine {

Mix identity_mix(int qubits);

/// Sorts gates into layers and mixes. `layers[l]` is followed by `mixes[l + lead]`, where lead = 1 when an
/// entry mix comes before the first layer.
class Levels {
 public:
  /// started: qubits that are in a state of their own before any gate.
  Levels(int qubits, bool lead, Mix entry, const std::vector<int>& started = {});

  /// turns: controlled rotations as one gate each.
  void add(std::span<const Op> ops, bool turns);

  std::vector<RyLayer> layers() && { return std::move(layers_); }
  std::vector<Mix> mixes() && { return std::move(mixes_); }

 private:
  // Numbering: with a lead, layer number l (from 1) is layers_[l - 1] and is followed by mixes_[l]; mixes_[0]
  // is the entry. Without, layer number l (from 0) is layers_[l] and is followed by mixes_[l].
  void add(const Op& op);
  void turn_about_x(const Op& op);
  void rotate(const Op& op);
  void turn(const ControlledTurn& gate, std::span<const Op> half);
  RyLayer& layer(int number);
  void phase(int q, PhaseTerm term);
  Mix& open(std::initializer_list<int> qubits);

  int qubits_;
  bool lead_;
  std::vector<bool> touched_;
  /// Of each qubit the layer of its next rotation, the mix of its next other gate, the layer of its next
  /// turn.
  std::vector<int> layer_of_, mix_of_, turn_of_;
  std::vector<RyLayer> layers_;
  std::vector<Mix> mixes_;
};

}  // namespace qmtl::engine
