#pragma once

#include <cstddef>

#include "runtime/engine/kernels.h"

namespace qmtl::engine {

/// A small matrix as two row-major arrays [size][stride], stride a multiple of 16, aligned to 64
/// bytes; columns from `size` on are zero.
template <class Real>
struct MatrixView {
  Real *re, *im;
  std::size_t size, stride;
};

/// Arithmetic on a block's unitary, compiled once per instruction set: its columns are the samples of a tile.
/// Sums over columns run in 16 chains on every
/// set.
template <class Real>
struct UnitaryKernels {
  int lanes;
  /// Reals of working memory for the next two.
  std::size_t (*workspace)(const Bound<Real>&);
  /// The matrix of the program's only block, without the last mix (folded into the readouts).
  void (*matrix)(const Bound<Real>&, MatrixView<Real> out, Real* workspace);
  /// Adds Re <bra| d matrix / d angle> of every gate and phase to `sums`.
  void (*gradient)(const Bound<Real>&, MatrixView<Real> bra, UnitSums<Real>& sums, Real* workspace);
  /// Row a of m^dagger diag(d) m: re[stride], im[stride], from column a on.
  void (*sandwich)(const Real* diagonal, std::size_t a, MatrixView<Real> m, Real* re, Real* im);
  /// bra += 2 diag(d) m gamma; populations[r] += (m gamma m^dagger)_rr. `row` is scratch [2 stride].
  void (*weigh)(const Real* diagonal, MatrixView<Real> m, MatrixView<Real> gamma, MatrixView<Real> bra,
                double* populations, Real* row);
};

/// The best set's kernels that this machine has.
template <class Real>
const UnitaryKernels<Real>& unitary_kernels();

}  // namespace qmtl::engine
