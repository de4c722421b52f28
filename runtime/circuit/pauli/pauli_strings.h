// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "runtime/circuit/circuit.h"
#include "runtime/circuit/cones/support.h"

namespace qmtl {

/// The Pauli strings (without coefficients) that can occur in an observable pushed back through a circuit.
/// Exact while there are at most `limit` of them on at most 64 qubits; beyond that only the flags per qubit
/// are kept (PauliSupport), which is still certain about what commutes.
class PauliStrings {
 public:
  static constexpr std::size_t limit = 512;

  void add(const Readout& readout);
  /// Union with another set.
  void add(const PauliStrings& other);

  bool exact() const { return exact_; }
  /// What can occur on each qubit.
  const PauliSupport& support() const { return flags_; }
  /// True if the gate commutes with every string.
  bool commutes(const Op& op) const;
  /// Conjugates by the gate, whatever its angle.
  void push_back(const Op& op);

 private:
  /// Bit masks over slots: x where the string has X or Y, z where it has Z or Y.
  struct String {
    std::uint64_t x, z;
    auto operator<=>(const String&) const = default;
  };
  bool commutes(const String& string, const Op& op) const;
  /// Whether the string anticommutes with a Pauli on the mask's qubit.
  static bool turned(const String& string, char axis, std::uint64_t mask);
  static String times(const String& string, char pauli, std::uint64_t mask);
  /// The bit of a qubit, 0 if no string touches it yet.
  std::uint64_t mask(int qubit) const;
  /// The bit of a qubit, which gets a slot if it has none; 0 if the slots have run out (no longer exact).
  std::uint64_t claim(int qubit);
  void normalise();

  PauliSupport flags_;
  std::unordered_map<int, int> slot_;  ///< qubit -> bit of the masks
  std::vector<int> qubits_;            ///< slot -> qubit
  std::vector<String> strings_;        ///< without repetition; empty once not exact
  bool exact_ = true;
};

}  // namespace qmtl
