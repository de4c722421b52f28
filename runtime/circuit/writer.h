// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// Appends gates of any kind to lists of a circuit's elementary ones. Angles may be any expressions: equal
/// functions of a sample become one angle of the circuit, and every use of trainable numbers one parameter,
/// so that gradients of each are those of a single rotation.
class CircuitWriter {
 public:
  explicit CircuitWriter(Circuit& circuit) : circuit_(circuit) {}

  /// `qubits` as many as the gate acts on, `angles` as many as it takes.
  void add(std::vector<Op>& ops, Gate gate, std::span<const int> qubits,
           std::span<const Expression> angles = {});
  /// A rotation of one qubit by an input, by a trainable number.
  void rotate_by_input(std::vector<Op>& ops, Gate gate, int qubit, int input);
  void rotate_by_trained(std::vector<Op>& ops, Gate gate, int qubit, int trainable);
  /// The input that the first rotation of an amplitude encoding of those numbers turns by; the others follow.
  int encode(const std::vector<int>& of, int qubits);
  /// What is written so far.
  const Circuit& circuit() const { return circuit_; }
  /// A readout's trained weight: its parameter.
  int weight(int trainable);

  /// Fixes the counts once all gates are there. Where every angle is an input and every parameter a trainable
  /// number of its own, in order, the expressions are left out.
  void finish(int inputs, int trainable);

 private:
  void rotate(std::vector<Op>& ops, Gate gate, int qubit, const Expression& angle);
  int angle(const Expression& expression);
  int param(const Expression& expression);

  /// Wide circuits in the short form have a million of each: as long as number n is input (trainable number)
  /// n no expressions are kept.
  void write_out_angles();
  void write_out_params();

  Circuit& circuit_;
  int plain_angles_ = 0, plain_params_ = 0;
  bool plain_only_angles_ = true, plain_only_params_ = true;
  std::map<Expression, int> angles_;  ///< known functions of a sample
};

}  // namespace qmtl
