#pragma once

#include <cstddef>

#include "runtime/engine/kernels.h"

namespace qmtl::engine {

/// A small matrix in double as two row-major arrays [size][stride], stride a multiple of 16, aligned to 64
/// bytes; columns from `size` on are zero.
struct MatrixView {
  double *re, *im;
  std::size_t size, stride;
};

/// Arithmetic on a block's unitary, compiled once per instruction set: its columns are the samples of a tile.
/// Sums over columns run in eight chains on every set.
struct UnitaryKernels {
  int lanes;
  /// Doubles of working memory for the next two.
  std::size_t (*workspace)(const Bound<double>&);
  /// The matrix of the program's only block, without the last mix (folded into the readouts).
  void (*matrix)(const Bound<double>&, MatrixView out, double* workspace);
  /// Adds Re <bra| d matrix / d angle> of every gate and phase to `sums`.
  void (*gradient)(const Bound<double>&, MatrixView bra, UnitSums<double>& sums, double* workspace);
  /// Row a of m^dagger diag(d) m: re[stride], im[stride], from column a on.
  void (*sandwich)(const double* diagonal, std::size_t a, MatrixView m, double* re, double* im);
  /// bra += 2 diag(d) m gamma; populations[r] += (m gamma m^dagger)_rr. `row` is scratch [2 stride].
  void (*weigh)(const double* diagonal, MatrixView m, MatrixView gamma, MatrixView bra, double* populations,
                double* row);
};

/// The best set's kernels that this machine has.
const UnitaryKernels& unitary_kernels();

}  // namespace qmtl::engine
