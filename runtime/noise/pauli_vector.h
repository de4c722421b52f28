// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <vector>

namespace qmtl {

/// A density matrix by its real Pauli coefficients r_P = tr(rho P): 4^m numbers for m qubits, the digit of
/// place p (I X Y Z = 0 1 2 3) with weight 4^p. Starts with no qubit: the number 1.
class PauliVector {
 public:
  int qubits() const { return qubits_; }
  const std::vector<double>& values() const { return values_; }

  /// All zero, for `qubits` qubits: not a state, but what a gradient is gathered in.
  static PauliVector zero(int qubits);
  double& operator[](std::size_t index) { return values_[index]; }

  /// Adds a qubit in the state with coefficients {1, x, y, z} at the highest place.
  void add(const std::array<double, 4>& state);
  /// Traces out the qubit at a place; those above move down.
  void drop(int place);
  /// Applies a one-qubit channel by its transfer matrix, 4 x 4 row-major with the first row (1, 0, 0, 0).
  void apply(int place, const std::array<double, 16>& transfer);

  /// The non-zero entries of a 16 x 16 transfer matrix, by rows; row = digit of place0 + 4 * digit of place1.
  struct Sparse {
    struct Entry {
      int column;
      double value;
    };
    std::array<std::vector<Entry>, 16> rows;
  };
  void apply(int place0, int place1, const Sparse& transfer);

  // The transposes: from d loss / d coefficients behind an operation to those in front of it.
  /// Of add(state).
  void pull_add(const std::array<double, 4>& state);
  /// Of drop(place).
  void pull_drop(int place);
  /// Of apply(place, transfer).
  void pull(int place, const std::array<double, 16>& transfer);

 private:
  int qubits_ = 0;
  std::vector<double> values_{1.0};
};

/// Non-zero entries of a dense 16 x 16 matrix.
PauliVector::Sparse sparse(std::span<const double> dense);

/// For apply() as its transpose.
PauliVector::Sparse transposed(const PauliVector::Sparse& matrix);

/// d loss / d matrix of apply(place, matrix), row-major: of the coefficients `before` it and d loss / d those
/// behind it.
std::array<double, 16> slopes_of_apply(const PauliVector& before, const PauliVector& slopes, int place);
/// d loss / d state of add(state), likewise.
std::array<double, 4> slopes_of_add(const PauliVector& before, const PauliVector& slopes);

/// product = a b of row-major 4 x 4 matrices.
std::array<double, 16> multiply(const std::array<double, 16>& a, const std::array<double, 16>& b);

/// In place: the transform between probabilities of bitstrings and expectations of Z-strings,
/// out[s] = sum_b (-1)^|s and b| in[b] (Walsh and Hadamard); its own inverse but for the factor 2^bits.
void walsh_hadamard(std::span<double> values);

}  // namespace qmtl
