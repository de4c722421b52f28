// SPDX-License-Identifier: Apache-2.0
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
/// Sums over columns run in 16 chains on every set.
template <class Real>
struct UnitaryKernels {
  Lanes<Real> lanes;
  /// Reals of working memory for the next two.
  std::size_t (*workspace)(const Bound<Real>&);
  /// out = V in, V the matrix of the program's only block without its last mix (folded into the readouts).
  void (*apply)(const Bound<Real>&, MatrixView<Real> in, MatrixView<Real> out, Real* workspace);
  /// Adds Re tr(bra^dagger dV ket) / d angle of every gate and phase to `sums`.
  void (*gradient)(const Bound<Real>&, MatrixView<Real> ket, MatrixView<Real> bra, UnitSums<Real>& sums,
                   Real* workspace);
  /// out = m^dagger diag(d) m, from the diagonal on (the rest of each row is undefined). The size is at
  /// least 2.
  void (*sandwich)(const Real* diagonal, MatrixView<Real> m, MatrixView<Real> out);
  /// bra (+)= 2 diag(d) m.
  void (*scale_rows)(const Real* diagonal, MatrixView<Real> m, MatrixView<Real> bra, bool add);
  /// populations[r] = Re sum over columns of conj(m) v, row r.
  void (*row_products)(MatrixView<Real> m, MatrixView<Real> v, double* populations);
};

/// The table of one instruction set; defined for those that the library was built for.
template <SimdTarget target, class Real>
const UnitaryKernels<Real>& unitary_kernels();

/// What happens once a step, compiled for the instruction set of the tiles: a fused multiply-add rounds once,
/// so that sets without it have other bits.
template <class Real>
struct StepKernels {
  const KernelTable<double>& math;  ///< with a sine of its own: libm's differs between processors
  const UnitaryKernels<Real>& unitaries;
};

}  // namespace qmtl::engine
