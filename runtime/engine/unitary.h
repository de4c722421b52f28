#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/circuit/gates.h"

namespace qmtl::engine {

/// A small matrix in double as two row-major arrays [size][stride], stride a multiple of 8, aligned to 64
/// bytes; columns from `size` on are zero.
struct MatrixView {
  double *re, *im;
  std::size_t size, stride;
};

/// Arithmetic on small matrices, compiled once per instruction set. Sums over columns run in eight chains on
/// every set.
struct UnitaryKernels {
  /// Rotation exp(-i a P / 2) on the rows that differ in `bit`: c = cos(a / 2), s = sin(a / 2).
  void (*rotate)(Gate gate, std::size_t bit, double c, double s, MatrixView m);
  /// Re <bra| (-i/2 P) ket> over all columns.
  double (*overlap)(Gate gate, std::size_t bit, MatrixView bra, MatrixView ket);
  /// Row a of m^dagger diag(d) m: re[stride], im[stride].
  void (*sandwich)(const double* diagonal, std::size_t a, MatrixView m, double* re, double* im);
  /// bra += 2 diag(d) m gamma; populations[r] += (m gamma m^dagger)_rr. `row` is scratch [2 stride].
  void (*weigh)(const double* diagonal, MatrixView m, MatrixView gamma, MatrixView bra, double* populations,
                double* row);
};

/// The best set's kernels that this machine has.
const UnitaryKernels& unitary_kernels();

}  // namespace qmtl::engine
