#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/circuit/circuit.h"
#include "runtime/engine/unitary.h"

namespace qmtl::engine {

template <class Real>
class BoundPart;

/// A block as operators on its register's reduced density matrix: its unitary V (2^k x 2^k, columns = basis
/// states before the block) is made once per set of parameters, in double. `Values` are the block's outputs,
/// with second moments each followed by its square.
template <class Real>
class BlockOperator {
 public:
  BlockOperator(const Block& block, bool second_moments);
  ~BlockOperator();
  BlockOperator(BlockOperator&&) noexcept;

  void bind(std::span<const double> params);
  std::size_t values() const;

  /// Entries of V^dagger diag(d_value) V in the list order of RegisterOperators, off-diagonal ones doubled.
  void observable(std::size_t value, bool complex, Real* entries) const;

  /// Adds dL / d parameter, given sums[values][entries] = dL / d entry (sum over samples of cotangent times
  /// rho).
  void gradient(const double* sums, std::size_t entries, bool complex, double* params) const;

 private:
  std::size_t size_, stride_;
  std::unique_ptr<BoundPart<Real>> part_;
  AlignedVector<Real> matrix_;
};

}  // namespace qmtl::engine
