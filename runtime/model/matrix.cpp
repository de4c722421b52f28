// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/matrix.h"

#include "runtime/model/instruction_sets.h"

namespace qmtl {
namespace {

/// A register of `Bytes` bytes, which the instruction set must have: longer ones would live in memory.
template <class Real, std::size_t Bytes>
struct Register {
  static constexpr std::size_t lanes = Bytes / sizeof(Real);
  typedef Real Type __attribute__((vector_size(Bytes)));
  typedef Real Stored __attribute__((vector_size(Bytes), aligned(alignof(Real)), may_alias));

  [[gnu::always_inline]] static const Stored& at(const Real* place) {
    return *reinterpret_cast<const Stored*>(place);
  }
  [[gnu::always_inline]] static Stored& at(Real* place) { return *reinterpret_cast<Stored*>(place); }
};

/// `Rows` rows and `Registers` registers of columns of C stay in registers while k runs.
template <std::size_t Bytes, std::size_t Rows, std::size_t Registers, class Real>
[[gnu::always_inline]] inline void block(std::size_t k, std::size_t n, const Real* a, const Real* b,
                                         Real* c) {
  using R = Register<Real, Bytes>;
  typename R::Type sum[Rows][Registers] = {};
  for (std::size_t p = 0; p < k; ++p)
    for (std::size_t v = 0; v < Registers; ++v) {
      const typename R::Type right = R::at(b + p * n + v * R::lanes);
      for (std::size_t r = 0; r < Rows; ++r) sum[r][v] += a[r * k + p] * right;
    }
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t v = 0; v < Registers; ++v) R::at(c + r * n + v * R::lanes) = sum[r][v];
}

/// All whole registers of columns of some rows.
template <std::size_t Bytes, std::size_t Rows, class Real>
[[gnu::always_inline]] inline void some_rows(std::size_t k, std::size_t n, const Real* a, const Real* b,
                                             Real* c) {
  constexpr std::size_t lanes = Register<Real, Bytes>::lanes;
  std::size_t j = 0;
  for (; j + 2 * lanes <= n; j += 2 * lanes) block<Bytes, Rows, 2>(k, n, a, b + j, c + j);
  for (; j + lanes <= n; j += lanes) block<Bytes, Rows, 1>(k, n, a, b + j, c + j);
}

/// The columns beyond the last whole register.
template <class Real>
[[gnu::always_inline]] inline void edge(std::size_t k, std::size_t n, std::size_t first, const Real* a,
                                        const Real* b, Real* c) {
  for (std::size_t j = first; j < n; ++j) c[j] = Real(0);
  for (std::size_t p = 0; p < k; ++p)
    for (std::size_t j = first; j < n; ++j) c[j] += a[p] * b[p * n + j];
}

struct Product {
  template <std::size_t Bytes, class Real>
  [[gnu::always_inline]] static void run(std::size_t m, std::size_t k, std::size_t n, const Real* a,
                                         const Real* b, Real* c) {
    const std::size_t whole = n - n % Register<Real, Bytes>::lanes;
    std::size_t i = 0;
    for (; i + 4 <= m; i += 4) some_rows<Bytes, 4>(k, n, a + i * k, b, c + i * n);
    for (; i < m; ++i) some_rows<Bytes, 1>(k, n, a + i * k, b, c + i * n);
    if (whole == n) return;
    for (i = 0; i < m; ++i) edge(k, n, whole, a + i * k, b, c + i * n);
  }
};

/// `Rows` rows of a times `Columns` rows of b; their sums' lanes stay in registers while k runs.
template <std::size_t Bytes, std::size_t Rows, std::size_t Columns, class Real>
[[gnu::always_inline]] inline void row_block(std::size_t k, std::size_t n, const Real* a, const Real* b,
                                             Real* c) {
  using R = Register<Real, Bytes>;
  constexpr std::size_t registers = sum_lanes / R::lanes;
  typename R::Type sum[Rows][Columns][registers] = {};
  for (std::size_t p = 0; p < k; p += sum_lanes)
    for (std::size_t v = 0; v < registers; ++v)
      for (std::size_t q = 0; q < Columns; ++q) {
        const typename R::Type right = R::at(b + q * k + p + v * R::lanes);
        for (std::size_t r = 0; r < Rows; ++r) sum[r][q][v] += R::at(a + r * k + p + v * R::lanes) * right;
      }
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t q = 0; q < Columns; ++q) {
      for (std::size_t half = registers / 2; half > 0; half /= 2)
        for (std::size_t v = 0; v < half; ++v) sum[r][q][v] += sum[r][q][v + half];
      Real lanes[R::lanes];
      R::at(lanes) = sum[r][q][0];
      for (std::size_t half = R::lanes / 2; half > 0; half /= 2)
        for (std::size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
      c[r * n + q] = lanes[0];
    }
}

struct RowProduct {
  template <std::size_t Bytes, class Real>
  [[gnu::always_inline]] static void run(std::size_t m, std::size_t k, std::size_t n, const Real* a,
                                         const Real* b, Real* c) {
    constexpr std::size_t columns = 8 / sizeof(Real);
    std::size_t i = 0;
    for (; i + 2 <= m; i += 2) {
      std::size_t j = 0;
      for (; j + columns <= n; j += columns)
        row_block<Bytes, 2, columns>(k, n, a + i * k, b + j * k, c + i * n + j);
      for (; j < n; ++j) row_block<Bytes, 2, 1>(k, n, a + i * k, b + j * k, c + i * n + j);
    }
    for (; i < m; ++i)
      for (std::size_t j = 0; j < n; ++j) row_block<Bytes, 1, 1>(k, n, a + i * k, b + j * k, c + i * n + j);
  }
};

template <class Real>
std::size_t rows(const Matrix<Real>& x) {
  return static_cast<std::size_t>(x.rows());
}
template <class Real>
std::size_t columns(const Matrix<Real>& x) {
  return static_cast<std::size_t>(x.cols());
}

}  // namespace

template <class Real>
void multiply(std::size_t m, std::size_t k, std::size_t n, const Real* a, const Real* b, Real* c) {
  run_widest<Product>(m, k, n, a, b, c);
}

template <class Real>
void multiply_rows(std::size_t m, std::size_t k, std::size_t n, const Real* a, const Real* b, Real* c) {
  run_widest<RowProduct>(m, k, n, a, b, c);
}

template <class Real>
void multiply(const Matrix<Real>& a, const Matrix<Real>& b, Matrix<Real>& c) {
  c.resize(a.rows(), b.cols());
  multiply(rows(a), columns(a), columns(b), a.data(), b.data(), c.data());
}

template <class Real>
void add_outer(const Matrix<Real>& a, const Matrix<Real>& c, std::span<double> gradient) {
  const Matrix<Real> transposed = a.transpose();
  Matrix<Real> sum;
  multiply(transposed, c, sum);
  for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] += static_cast<double>(sum.data()[i]);
}

template <class Real>
void add_rows(const Matrix<Real>& c, std::span<double> gradient) {
  for (std::size_t i = 0; i < rows(c); ++i)
    for (std::size_t j = 0; j < columns(c); ++j)
      gradient[j] += static_cast<double>(c.data()[i * columns(c) + j]);
}

template void multiply(const Matrix<float>&, const Matrix<float>&, Matrix<float>&);
template void multiply(const Matrix<double>&, const Matrix<double>&, Matrix<double>&);
template void multiply(std::size_t, std::size_t, std::size_t, const float*, const float*, float*);
template void multiply(std::size_t, std::size_t, std::size_t, const double*, const double*, double*);
template void multiply_rows(std::size_t, std::size_t, std::size_t, const float*, const float*, float*);
template void multiply_rows(std::size_t, std::size_t, std::size_t, const double*, const double*, double*);
template void add_outer(const Matrix<float>&, const Matrix<float>&, std::span<double>);
template void add_outer(const Matrix<double>&, const Matrix<double>&, std::span<double>);
template void add_rows(const Matrix<float>&, std::span<double>);
template void add_rows(const Matrix<double>&, std::span<double>);

}  // namespace qmtl
