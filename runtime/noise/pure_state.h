// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <complex>
#include <vector>

#include "runtime/noise/channel.h"

namespace qmtl {

/// A statevector to which qubits can be added and from which they can be removed; place p is bit p of an
/// index. Starts with no qubit: the amplitude 1.
class PureState {
 public:
  using One = std::array<std::complex<double>, 4>;  ///< 2 x 2, row-major
  static One one(const SmallMatrix& matrix) { return {matrix[0], matrix[1], matrix[2], matrix[3]}; }

  std::size_t size() const { return re_.size(); }
  double probability(std::size_t index) const { return re_[index] * re_[index] + im_[index] * im_[index]; }

  /// Adds a qubit in |0> at the highest place.
  void add();
  /// Keeps the part where the qubit at a place is `bit`, times `scale`, and removes the qubit.
  void keep(int place, bool bit, double scale);
  /// The transpose of keep: adds a qubit at a place, in the state `scale` times |bit>.
  void insert(int place, bool bit, double scale);
  /// Multiplies every amplitude with factor(index).
  template <class Factor>
  void scale(const Factor& factor) {
    for (std::size_t i = 0; i < size(); ++i) {
      const double by = factor(i);
      re_[i] *= by;
      im_[i] *= by;
    }
  }
  void apply(int place, const One& matrix);
  void apply(int place0, int place1, const SmallMatrix& matrix);
  void cz(int place0, int place1);
  void cx(int control, int target);

  /// Reduced density matrix of one qubit, unnormalised: {<0|rho|0>, <1|rho|1>} and <0|rho|1>.
  struct Reduced {
    double p0 = 0, p1 = 0;
    std::complex<double> c01;
  };
  Reduced reduced(int place) const;
  /// The same of two qubits, 4 x 4 row-major, index = bit of place0 + 2 * bit of place1.
  SmallMatrix reduced(int place0, int place1) const;
  /// <this| P |ket> of a Pauli on one qubit.
  std::complex<double> overlap(const PureState& ket, int place, char pauli) const;

 private:
  std::vector<double> re_{1.0}, im_{0.0};
};

}  // namespace qmtl
