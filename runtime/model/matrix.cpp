// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/matrix.h"

#include <algorithm>
#include <vector>

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

/// The left matrix: element (r, p) at data[r * row + p * step], so that a transpose needs no copy.
template <class Real>
struct Left {
  const Real* data;
  std::size_t row, step;

  [[gnu::always_inline]] Left from(std::size_t r) const { return {data + r * row, row, step}; }
  [[gnu::always_inline]] Real at(std::size_t r, std::size_t p) const { return data[r * row + p * step]; }
};

/// Where sums go, and how. at_column(j) is for what starts j columns further right.
template <class Real>
struct Assign {
  Real* c;
  [[gnu::always_inline]] Assign at_column(std::size_t) const { return *this; }
  template <class R>
  [[gnu::always_inline]] void put(std::size_t place, std::size_t, const typename R::Type& sum) const {
    R::at(c + place) = sum;
  }
  [[gnu::always_inline]] void put(std::size_t place, Real sum) const { c[place] = sum; }
};
template <class Real>
struct AssignPlusRow {
  Real* c;
  const Real* row;
  [[gnu::always_inline]] AssignPlusRow at_column(std::size_t j) const { return {c, row + j}; }
  template <class R>
  [[gnu::always_inline]] void put(std::size_t place, std::size_t column, const typename R::Type& sum) const {
    R::at(c + place) = sum + R::at(row + column);
  }
  [[gnu::always_inline]] void put(std::size_t place, Real sum) const { c[place] = sum + *row; }
};
template <class Real>
struct AddAsDouble {
  double* c;
  [[gnu::always_inline]] AddAsDouble at_column(std::size_t) const { return *this; }
  template <class R>
  [[gnu::always_inline]] void put(std::size_t place, std::size_t, const typename R::Type& sum) const {
    for (std::size_t l = 0; l < R::lanes; ++l) c[place + l] += static_cast<double>(sum[l]);
  }
  [[gnu::always_inline]] void put(std::size_t place, Real sum) const { c[place] += static_cast<double>(sum); }
};

/// `Rows` rows and `Registers` registers of columns of C stay in registers while k runs. Rows of C are n
/// numbers apart, those of b `stride`.
template <std::size_t Bytes, std::size_t Rows, std::size_t Registers, class Real, class Place>
[[gnu::always_inline]] inline void block(std::size_t k, std::size_t n, std::size_t stride, std::size_t first,
                                         Left<Real> a, const Real* b, Place c) {
  using R = Register<Real, Bytes>;
  typename R::Type sum[Rows][Registers] = {};
  for (std::size_t p = 0; p < k; ++p)
    for (std::size_t v = 0; v < Registers; ++v) {
      const typename R::Type right = R::at(b + p * stride + v * R::lanes);
      for (std::size_t r = 0; r < Rows; ++r) sum[r][v] += a.at(r, p) * right;
    }
  for (std::size_t r = 0; r < Rows; ++r)
    for (std::size_t v = 0; v < Registers; ++v)
      c.template put<R>(first + r * n + v * R::lanes, v * R::lanes, sum[r][v]);
}

/// The columns of b behind its whole registers of `Bytes`, with zeros up to the shortest register that takes
/// them.
template <class Real>
struct LastColumns {
  const Real* numbers = nullptr;
  std::size_t count = 0, lanes = 0;
};

/// Kept from call to call.
template <class Real>
Real* room_for(std::size_t count) {
  thread_local std::vector<Real> room;
  if (room.size() < count) room.resize(count);
  return room.data();
}

template <std::size_t Bytes, class Real>
[[gnu::always_inline]] inline LastColumns<Real> last_columns(std::size_t k, std::size_t n, const Real* b) {
  std::size_t lanes = Register<Real, Bytes>::lanes;
  const std::size_t count = n % lanes, from = n - count;
  if (count == 0) return {};
  while (lanes > Register<Real, 16>::lanes && count <= lanes / 2) lanes /= 2;
  Real* room = room_for<Real>(k * lanes);
  for (std::size_t p = 0; p < k; ++p)
    for (std::size_t l = 0; l < lanes; ++l) room[p * lanes + l] = l < count ? b[p * n + from + l] : Real(0);
  return {room, count, lanes};
}

/// Takes a register's first numbers.
template <class Real, class Place>
struct FirstOf {
  Place place;
  std::size_t count;
  template <class R>
  [[gnu::always_inline]] void put(std::size_t at, std::size_t, const typename R::Type& sum) const {
    Real lanes[R::lanes];
    R::at(lanes) = sum;
    for (std::size_t l = 0; l < count; ++l) place.at_column(l).put(at + l, lanes[l]);
  }
};

/// Some rows' last columns, in the register that they were laid out for.
template <std::size_t Bytes, std::size_t Rows, class Real, class To>
[[gnu::always_inline]] inline void last_block(std::size_t k, std::size_t n, std::size_t first, Left<Real> a,
                                              LastColumns<Real> last, To to) {
  constexpr std::size_t lanes = Register<Real, Bytes>::lanes;
  if (last.lanes == lanes)
    block<Bytes, Rows, 1>(k, n, lanes, first, a, last.numbers, to);
  else if constexpr (Bytes > 16)
    last_block<Bytes / 2, Rows>(k, n, first, a, last, to);
}

template <std::size_t Bytes, std::size_t Rows, class Real, class Place>
[[gnu::always_inline]] inline void some_rows(std::size_t k, std::size_t n, std::size_t first, Left<Real> a,
                                             const Real* b, LastColumns<Real> last, Place c) {
  constexpr std::size_t lanes = Register<Real, Bytes>::lanes;
  std::size_t j = 0;
  for (; j + 2 * lanes <= n; j += 2 * lanes)
    block<Bytes, Rows, 2>(k, n, n, first + j, a, b + j, c.at_column(j));
  for (; j + lanes <= n; j += lanes) block<Bytes, Rows, 1>(k, n, n, first + j, a, b + j, c.at_column(j));
  if (last.count > 0)
    last_block<Bytes, Rows>(k, n, first + j, a, last, FirstOf<Real, Place>{c.at_column(j), last.count});
}

/// 32 registers hold twice as many rows as 16.
template <std::size_t Bytes, class Real, class Place>
[[gnu::always_inline]] inline void all_rows(std::size_t m, std::size_t k, std::size_t n, Left<Real> a,
                                            const Real* b, Place c) {
  const LastColumns<Real> last = last_columns<Bytes>(k, n, b);
  std::size_t i = 0;
  if constexpr (Bytes == 64)
    for (; i + 8 <= m; i += 8) some_rows<Bytes, 8>(k, n, i * n, a.from(i), b, last, c);
  for (; i + 4 <= m; i += 4) some_rows<Bytes, 4>(k, n, i * n, a.from(i), b, last, c);
  for (; i < m; ++i) some_rows<Bytes, 1>(k, n, i * n, a.from(i), b, last, c);
}

struct Product {
  template <std::size_t Bytes, class Real>
  [[gnu::always_inline]] static void run(std::size_t m, std::size_t k, std::size_t n, const Real* a,
                                         const Real* b, Real* c) {
    all_rows<Bytes>(m, k, n, Left<Real>{a, k, 1}, b, Assign<Real>{c});
  }
};

struct ProductPlusRow {
  template <std::size_t Bytes, class Real>
  [[gnu::always_inline]] static void run(std::size_t m, std::size_t k, std::size_t n, const Real* a,
                                         const Real* b, const Real* row, Real* c) {
    all_rows<Bytes>(m, k, n, Left<Real>{a, k, 1}, b, AssignPlusRow<Real>{c, row});
  }
};

/// A^T[m, k] B[k, n], added to doubles.
struct OuterProduct {
  template <std::size_t Bytes, class Real>
  [[gnu::always_inline]] static void run(std::size_t m, std::size_t k, std::size_t n, const Real* a,
                                         const Real* b, double* c) {
    all_rows<Bytes>(m, k, n, Left<Real>{a, 1, m}, b, AddAsDouble<Real>{c});
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

/// to[j * to_stride + i] = from[i * from_stride + j] for i, j < 4.
[[gnu::always_inline]] inline void transpose_small(const float* from, std::size_t from_stride, float* to,
                                                   std::size_t to_stride) {
  using R = Register<float, 16>;
  const R::Type a = R::at(from), b = R::at(from + from_stride), c = R::at(from + 2 * from_stride),
                d = R::at(from + 3 * from_stride);
  const R::Type ab = __builtin_shufflevector(a, b, 0, 4, 1, 5),
                cd = __builtin_shufflevector(c, d, 0, 4, 1, 5),
                ef = __builtin_shufflevector(a, b, 2, 6, 3, 7),
                gh = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  R::at(to) = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
  R::at(to + to_stride) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  R::at(to + 2 * to_stride) = __builtin_shufflevector(ef, gh, 0, 1, 4, 5);
  R::at(to + 3 * to_stride) = __builtin_shufflevector(ef, gh, 2, 3, 6, 7);
}
[[gnu::always_inline]] inline void transpose_small(const double* from, std::size_t from_stride, double* to,
                                                   std::size_t to_stride) {
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 4; ++j) to[j * to_stride + i] = from[i * from_stride + j];
}

/// In squares whose rows and columns both stay in the first cache.
struct CastAndTranspose {
  template <std::size_t, class Real>
  [[gnu::always_inline]] static void run(std::size_t m, std::size_t n, const double* __restrict a,
                                         Real* __restrict b, Real* __restrict transposed) {
    for (std::size_t i = 0; i < m * n; ++i) b[i] = static_cast<Real>(a[i]);
    constexpr std::size_t side = 16;
    const std::size_t rows = m / 4 * 4, columns = n / 4 * 4;
    for (std::size_t i = 0; i < rows; i += side)
      for (std::size_t j = 0; j < columns; j += side)
        for (std::size_t c = j; c < std::min(columns, j + side); c += 4)
          for (std::size_t r = i; r < std::min(rows, i + side); r += 4)
            transpose_small(b + r * n + c, n, transposed + c * m + r, m);
    for (std::size_t r = 0; r < m; ++r)
      for (std::size_t c = r < rows ? columns : 0; c < n; ++c) transposed[c * m + r] = b[r * n + c];
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
void multiply(const Matrix<Real>& a, const Matrix<Real>& b, const Matrix<Real>& row, Matrix<Real>& c) {
  c.resize(a.rows(), b.cols());
  run_widest<ProductPlusRow>(rows(a), columns(a), columns(b), a.data(), b.data(), row.data(), c.data());
}

template <class Real>
void add_outer(const Matrix<Real>& a, const Matrix<Real>& c, std::span<double> gradient) {
  run_widest<OuterProduct>(columns(a), rows(a), columns(c), a.data(), c.data(), gradient.data());
}

template <class Real>
void cast_and_transpose(std::size_t m, std::size_t n, const double* a, Real* b, Real* transposed) {
  run_widest<CastAndTranspose>(m, n, a, b, transposed);
}

template <class Real>
void add_rows(const Matrix<Real>& c, std::span<double> gradient) {
  for (std::size_t i = 0; i < rows(c); ++i)
    for (std::size_t j = 0; j < columns(c); ++j)
      gradient[j] += static_cast<double>(c.data()[i * columns(c) + j]);
}

template void multiply(const Matrix<float>&, const Matrix<float>&, Matrix<float>&);
template void multiply(const Matrix<double>&, const Matrix<double>&, Matrix<double>&);
template void multiply(const Matrix<float>&, const Matrix<float>&, const Matrix<float>&, Matrix<float>&);
template void multiply(const Matrix<double>&, const Matrix<double>&, const Matrix<double>&, Matrix<double>&);
template void multiply(std::size_t, std::size_t, std::size_t, const float*, const float*, float*);
template void multiply(std::size_t, std::size_t, std::size_t, const double*, const double*, double*);
template void multiply_rows(std::size_t, std::size_t, std::size_t, const float*, const float*, float*);
template void multiply_rows(std::size_t, std::size_t, std::size_t, const double*, const double*, double*);
template void add_outer(const Matrix<float>&, const Matrix<float>&, std::span<double>);
template void add_outer(const Matrix<double>&, const Matrix<double>&, std::span<double>);
template void cast_and_transpose(std::size_t, std::size_t, const double*, float*, float*);
template void cast_and_transpose(std::size_t, std::size_t, const double*, double*, double*);
template void add_rows(const Matrix<float>&, std::span<double>);
template void add_rows(const Matrix<double>&, std::span<double>);

}  // namespace qmtl
