// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>

namespace qmtl {

/// Samples are rows.
template <class Real>
using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A matrix's numbers, row by row.
template <class Real>
std::span<Real> values_of(Matrix<Real>& matrix) {
  return {matrix.data(), static_cast<std::size_t>(matrix.size())};
}
template <class Real>
std::span<const Real> values_of(const Matrix<Real>& matrix) {
  return {matrix.data(), static_cast<std::size_t>(matrix.size())};
}

/// C[m, n] = A[m, k] B[k, n]. Every element is summed over k in ascending order with one rounding a product
/// and one a sum, so a row of C depends on that row of A and on B alone: not on the batch, the instruction
/// set or threads.
template <class Real>
void multiply(const Matrix<Real>& a, const Matrix<Real>& b, Matrix<Real>& c);

/// The same plus row[n] in every row, added to the finished sum.
template <class Real>
void multiply(const Matrix<Real>& a, const Matrix<Real>& b, const Matrix<Real>& row, Matrix<Real>& c);

/// As multiply, on bare storage without gaps between rows.
template <class Real>
void multiply(std::size_t m, std::size_t k, std::size_t n, const Real* a, const Real* b, Real* c);

/// c[m, n] = a[m, k] (b[n, k])^T on bare storage: rows of a times rows of b, k a multiple of sum_lanes. Every
/// element is summed in sum_lanes lanes, p going to lane p mod sum_lanes, and the lanes by halving: as
/// independent of instruction sets and threads as multiply.
inline constexpr std::size_t sum_lanes = 16;
template <class Real>
void multiply_rows(std::size_t m, std::size_t k, std::size_t n, const Real* a, const Real* b, Real* c);

/// gradient[k, n] (row-major) += A^T[k, m] C[m, n]: the weight gradient of C = A B, with the sum over the m
/// samples in row order.
template <class Real>
void add_outer(const Matrix<Real>& a, const Matrix<Real>& c, std::span<double> gradient);

/// b[m, n] = a[m, n], rounded, and transposed[n, m] likewise.
template <class Real>
void cast_and_transpose(std::size_t m, std::size_t n, const double* a, Real* b, Real* transposed);

/// gradient[n] += sum over the rows of C, in row order.
template <class Real>
void add_rows(const Matrix<Real>& c, std::span<double> gradient);

}  // namespace qmtl
