#include "runtime/model/matrix.h"

// The product is compiled for several instruction sets and picked when the program starts. Only products and
// sums of independent lanes occur and contraction is off, so every version gives the same bits. Sanitizer
// runtimes are not up yet when the loader picks, hence without them only.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define QMTL_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define QMTL_CLONES
#endif

namespace qmtl {
namespace {

constexpr std::size_t block_columns = 16;

/// `Rows` rows and 16 columns of C stay in registers while k runs.
template <std::size_t Rows, class Real>
[[gnu::always_inline]] inline void block(std::size_t k, std::size_t n, const Real* a, const Real* b,
                                         Real* c) {
  Real sum[Rows][block_columns] = {};
  for (std::size_t p = 0; p < k; ++p)
    for (std::size_t r = 0; r < Rows; ++r)
      for (std::size_t l = 0; l < block_columns; ++l) sum[r][l] += a[r * k + p] * b[p * n + l];
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t l = 0; l < block_columns; ++l) c[r * n + l] = sum[r][l];
}

/// The columns beyond the last whole block.
template <class Real>
[[gnu::always_inline]] inline void edge(std::size_t k, std::size_t n, std::size_t first, const Real* a,
                                        const Real* b, Real* c) {
  for (std::size_t j = first; j < n; ++j) c[j] = Real(0);
  for (std::size_t p = 0; p < k; ++p)
    for (std::size_t j = first; j < n; ++j) c[j] += a[p] * b[p * n + j];
}

template <class Real>
[[gnu::always_inline]] inline void product(std::size_t m, std::size_t k, std::size_t n, const Real* a,
                                           const Real* b, Real* c) {
  const std::size_t whole = n - n % block_columns;
  std::size_t i = 0;
  for (; i + 4 <= m; i += 4)
    for (std::size_t j = 0; j < whole; j += block_columns) block<4>(k, n, a + i * k, b + j, c + i * n + j);
  for (; i < m; ++i)
    for (std::size_t j = 0; j < whole; j += block_columns) block<1>(k, n, a + i * k, b + j, c + i * n + j);
  for (i = 0; i < m; ++i) edge(k, n, whole, a + i * k, b, c + i * n);
}

/// `Rows` rows of a times `Columns` rows of b; their sums' lanes stay in registers while k runs.
template <std::size_t Rows, std::size_t Columns, class Real>
[[gnu::always_inline]] inline void row_block(std::size_t k, std::size_t n, const Real* a, const Real* b,
                                             Real* c) {
  Real sum[Rows][Columns][sum_lanes] = {};
  for (std::size_t p = 0; p < k; p += sum_lanes)
    for (std::size_t r = 0; r < Rows; ++r)
      for (std::size_t q = 0; q < Columns; ++q)
        for (std::size_t l = 0; l < sum_lanes; ++l) sum[r][q][l] += a[r * k + p + l] * b[q * k + p + l];
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t q = 0; q < Columns; ++q) {
      Real* lanes = sum[r][q];
      for (std::size_t half = sum_lanes / 2; half > 0; half /= 2)
        for (std::size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
      c[r * n + q] = lanes[0];
    }
}

template <class Real>
[[gnu::always_inline]] inline void row_product(std::size_t m, std::size_t k, std::size_t n, const Real* a,
                                               const Real* b, Real* c) {
  std::size_t i = 0;
  for (; i + 2 <= m; i += 2) {
    std::size_t j = 0;
    for (; j + 2 <= n; j += 2) row_block<2, 2>(k, n, a + i * k, b + j * k, c + i * n + j);
    for (; j < n; ++j) row_block<2, 1>(k, n, a + i * k, b + j * k, c + i * n + j);
  }
  for (; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j) row_block<1, 1>(k, n, a + i * k, b + j * k, c + i * n + j);
}

QMTL_CLONES void run(std::size_t m, std::size_t k, std::size_t n, const float* a, const float* b, float* c) {
  product(m, k, n, a, b, c);
}
QMTL_CLONES void run(std::size_t m, std::size_t k, std::size_t n, const double* a, const double* b,
                     double* c) {
  product(m, k, n, a, b, c);
}

QMTL_CLONES void run_rows(std::size_t m, std::size_t k, std::size_t n, const float* a, const float* b,
                          float* c) {
  row_product(m, k, n, a, b, c);
}
QMTL_CLONES void run_rows(std::size_t m, std::size_t k, std::size_t n, const double* a, const double* b,
                          double* c) {
  row_product(m, k, n, a, b, c);
}

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
void multiply(const Matrix<Real>& a, const Matrix<Real>& b, Matrix<Real>& c) {
  c.resize(a.rows(), b.cols());
  run(rows(a), columns(a), columns(b), a.data(), b.data(), c.data());
}

template <class Real>
void multiply(std::size_t m, std::size_t k, std::size_t n, const Real* a, const Real* b, Real* c) {
  run(m, k, n, a, b, c);
}

template <class Real>
void multiply_rows(std::size_t m, std::size_t k, std::size_t n, const Real* a, const Real* b, Real* c) {
  run_rows(m, k, n, a, b, c);
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
