// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// Which Paulis can occur on each qubit of an observable that is pushed back through a circuit (Heisenberg
/// picture). A set of flags per qubit; the identity is always possible. The sets may only be too large, never
/// too small, so "commutes with everything that can occur" is certain.
class PauliSupport {
 public:
  static constexpr std::uint8_t x = 1, y = 2, z = 4, all = x | y | z;
  static constexpr std::uint8_t flag_of(char pauli) { return pauli == 'X' ? x : pauli == 'Y' ? y : z; }

  std::uint8_t at(int qubit) const {
    const auto found = flags_.find(qubit);
    return found == flags_.end() ? std::uint8_t{0} : found->second;
  }
  void add(int qubit, std::uint8_t flags) { flags_[qubit] |= flags; }
  void add(const Readout& readout);
  /// Union with another support.
  void add(const PauliSupport& other);
  /// Those on which more than the identity can occur.
  std::vector<int> qubits() const;

  /// True if the gate commutes with every Pauli string that can occur: it then has no effect on the
  /// observable.
  bool commutes(const Op& op) const;
  /// Conjugates by the gate, whatever its angle.
  void push_back(const Op& op);

 private:
  std::unordered_map<int, std::uint8_t> flags_;  ///< few qubits of a circuit that may be wide
};

}  // namespace qmtl
