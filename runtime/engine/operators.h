#pragma once

#include <span>
#include <vector>

#include "runtime/circuit/circuit.h"

namespace qmtl::engine {

/// A block's unitary V (2^k x 2^k) on its register, in double; small and made once per set of parameters.
/// V is kept as two row-major arrays; row r = amplitude r after the block, column a = basis state a before
/// it.
class BlockUnitary {
 public:
  /// `block` with qubits renumbered to positions in its register.
  BlockUnitary(const Block& block, std::span<const double> params);

  /// Entries of V^dagger diag(d) V in the list order of RegisterOperators, off-diagonal ones doubled.
  void observable(std::span<const double> diagonal, bool complex, double* entries) const;

  /// For L with dL / d observable_entries = `sums` (sum over samples of cotangent times rho): adds the
  /// diagonal of V Gamma V^dagger to `populations` (dL / d diagonal) and 2 diag(d) V Gamma to the bra kept
  /// for gradient().
  void add_cotangent(std::span<const double> diagonal, const double* sums, bool complex, double* populations);

  /// Adds dL / d parameter for the cotangents added so far. Consumes them and V.
  void gradient(std::span<double> params);

 private:
  const Block& block_;
  std::span<const double> params_;
  std::size_t size_;
  std::vector<double> re_, im_, bra_re_, bra_im_;
};

/// The block with its register's qubits numbered 0..k-1.
Block localised(const Block& block);

}  // namespace qmtl::engine
