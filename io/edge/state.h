// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "io/edge/angles.h"
#include "runtime/circuit/cones/cones.h"

namespace qmtl {

/// One coefficient of a linear readout: output += coefficient * value.
struct EdgeTerm {
  std::uint32_t output, value;
  double coefficient;
};

/// A (sub)circuit evaluated on statevectors. Made first, to count its work; then lowered.
class EdgeState {
 public:
  /// `copies`: every block runs on a copy of the shared stage's state; else blocks are pushed back to Pauli
  /// strings on it. `ready` is false where that takes too many strings or qubits.
  EdgeState(const Cone& cone, const std::vector<double>& params, bool copies);

  bool ready() const { return ready_; }
  int qubits() const { return qubits_; }
  double work() const;  ///< multiplications of a run
  double bytes() const;
  std::size_t values() const;
  std::size_t strings() const;

  /// Asks for its angles' pairs.
  void collect(EdgeAngles& angles);
  /// Appends the operations. Values go to `values`; the terms that make outputs (numbers of the whole
  /// circuit) of them are appended with `first_value` added.
  void lower(EdgeBuilder& builder, EdgeValue pairs, std::size_t pair_count, EdgeValue values,
             std::uint32_t first_value, std::vector<EdgeTerm>& terms) const;

 private:
  /// What is measured after `rotations` on a copy of the shared state (none: on itself).
  struct Measurement {
    std::vector<StringRotation> rotations;
    std::vector<PauliWord> strings;
    std::vector<EdgeTerm> terms;  ///< value: number of the string
    bool spectrum = false;        ///< all of its Z-strings at once
  };

  void measure_pushed_back(const Cone& cone, const std::vector<double>& params);
  void measure_copies(const Cone& cone, const std::vector<double>& params);
  void split_product();
  void add_rotations(EdgeOp& op, const std::vector<StringRotation>& rotations, EdgeValue pairs,
                     std::size_t pair_count) const;

  int qubits_;
  bool ready_ = true, complex_ = false, copies_;
  std::vector<std::vector<StringRotation>> product_;  ///< per qubit
  std::vector<StringRotation> shared_;                ///< behind the product state
  std::vector<Measurement> measurements_;
  std::map<StringAngle, std::uint32_t> pairs_;
};

}  // namespace qmtl
