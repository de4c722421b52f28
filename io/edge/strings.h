// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl {

/// The Pauli string i^phase X^x Z^z over at most 64 qubits.
struct PauliWord {
  std::uint64_t x = 0, z = 0;
  int phase = 0;  ///< modulo 4

  /// For a Hermitian string: whether it is minus the tensor product of X, Y, Z that its masks name.
  bool minus() const;
  auto operator<=>(const PauliWord&) const = default;
};
PauliWord operator*(const PauliWord& a, const PauliWord& b);
bool commute(const PauliWord& a, const PauliWord& b);

/// coefficient * sample angle summed, plus a constant; in radians.
struct StringAngle {
  std::map<int, double> angles;
  double constant = 0.0;
  bool sample() const { return !angles.empty(); }
  auto operator<=>(const StringAngle&) const = default;
};

/// exp(-i angle P / 2).
struct StringRotation {
  PauliWord string;    ///< phase such that minus() is false
  bool minus = false;  ///< of the angle
  StringAngle angle;
};

/// A list of gates as rotations about Pauli strings, followed by CX and CZ alone: C P1 C^dagger moves a
/// rotation past the Clifford gates before it. What those leave is kept as the images C^dagger X_q C and
/// C^dagger Z_q C.
class StringCircuit {
 public:
  explicit StringCircuit(int qubits);

  /// Appends gates; sample angles keep their numbers, parameters become constants.
  void append(const std::vector<Op>& ops, const std::vector<double>& params);

  const std::vector<StringRotation>& rotations() const { return rotations_; }
  /// Where the rotations of later calls of append begin.
  std::size_t size() const { return rotations_.size(); }
  /// Z on these qubits, measured at the end, as a string right after the rotations: Z alone.
  PauliWord readout(const std::vector<int>& qubits) const;

 private:
  /// The image of a Pauli on a qubit.
  PauliWord pauli(std::size_t qubit, char letter) const;

  std::vector<PauliWord> x_, z_;  ///< images, per qubit
  std::vector<StringRotation> rotations_;
};

/// Joins rotations about one string that can meet, and drops those that nothing measured depends on: they
/// commute with `measured` and with every later rotation that is kept.
std::vector<StringRotation> simplify(const std::vector<StringRotation>& rotations,
                                     const std::vector<PauliWord>& measured);

/// An observable as a sum of strings (phase such that minus() is false) with coefficients.
using StringSum = std::map<PauliWord, double>;

/// Adds coefficient * string.
void add_string(StringSum& sum, PauliWord string, double coefficient);

/// The observable before the rotations [first, end), whose angles are constants. Strings beyond `limit`: an
/// empty sum.
StringSum push_back(StringSum sum, const std::vector<StringRotation>& rotations, std::size_t first,
                    std::size_t limit);

}  // namespace qmtl
