#pragma once

#include <span>
#include <vector>

#include "runtime/circuit/circuit.h"
#include "runtime/engine/kernels.h"
#include "runtime/engine/unitary.h"

namespace qmtl::engine {

/// A block's unitary V (2^k x 2^k) on its register, in double; small and made once per set of parameters. Row
/// r is amplitude r after the block, column a the basis state a before it.
class BlockUnitary {
 public:
  /// `block` with qubits renumbered to positions in its register.
  BlockUnitary(const Block& block, std::span<const double> params);

  /// Entries of V^dagger diag(d) V in the list order of RegisterOperators, off-diagonal ones doubled.
  void observable(std::span<const double> diagonal, bool complex, double* entries);

  /// For L with dL / d observable_entries = `sums` (sum over samples of cotangent times rho): adds the
  /// diagonal of V Gamma V^dagger to `populations` (dL / d diagonal) and 2 diag(d) V Gamma to the bra kept
  /// for gradient().
  void add_cotangent(std::span<const double> diagonal, const double* sums, bool complex, double* populations);

  /// Adds dL / d parameter for the cotangents added so far. Consumes them and V.
  void gradient(std::span<double> params);

 private:
  MatrixView view(AlignedVector<double>& storage) {
    return {storage.data(), storage.data() + size_ * stride_, size_, stride_};
  }
  void apply(const Op& op, std::size_t rotation, bool inverse, MatrixView m) const;

  const Block& block_;
  std::size_t size_, stride_;
  std::vector<double> sin_, cos_;  ///< of half the angle of each op
  AlignedVector<double> matrix_, bra_, gamma_, row_;
};

/// The block with its register's qubits numbered 0..k-1.
Block localised(const Block& block);

}  // namespace qmtl::engine
