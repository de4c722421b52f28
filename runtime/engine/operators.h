// SPDX-License-Identifier: Apache-2.0
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
/// states before the block) is made once per set of parameters. `Values` are the block's outputs, with second
/// moments each followed by its square. Lists of entries are those of RegisterOperators.
template <class Real>
class BlockOperator {
 public:
  /// `complex`: the register's density matrices are.
  BlockOperator(const Block& block, bool second_moments, bool complex, Programs& programs,
                const StepKernels<Real>& step);
  ~BlockOperator();
  BlockOperator(BlockOperator&&) noexcept;

  void bind(std::span<const double> params);
  std::size_t values() const;

  /// [values][stride] of V^dagger diag(d_value) V: the entries, off-diagonal ones doubled.
  void observables(Real* rows, std::size_t stride) const;

  /// The parameters (of the part) that the block has, and their dL / d parameter, given
  /// sums[values][entries] = dL / d entry (sum over samples of cotangent times rho).
  const std::vector<int>& params() const;
  std::vector<double> gradient(const double* sums) const;

 private:
  MatrixView<Real> unitary() const;
  void read_density(const double* entries, MatrixView<Real> gamma) const;

  const UnitaryKernels<Real>& kernels_;
  std::size_t size_, stride_, values_;
  bool complex_;
  std::unique_ptr<BoundPart<Real>> part_;
  mutable AlignedVector<Real> matrix_;  ///< the kernels' views are not const
};

}  // namespace qmtl::engine
