// SPDX-License-Identifier: Apache-2.0
// Operator blocks on registers of states, compiled once per instruction set.
#if defined(QMTL_ENGINE_REGISTERS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_REGISTERS_INL_H_
#undef QMTL_ENGINE_REGISTERS_INL_H_
#else
#define QMTL_ENGINE_REGISTERS_INL_H_
#endif

#include "runtime/engine/cut_sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// AVX-512 has 32 registers, the others 16: accumulators beyond those would live in memory. Block sizes
/// decide which sums run side by side, never the order inside one.
template <class Real>
constexpr bool many_registers = lanes<Real> * sizeof(Real) == 64;

/// Entry of a Hermitian matrix's list where row a starts (a <= b: diagonal first, then b = a + 1, ...).
template <bool Complex>
constexpr std::size_t EntryRow(std::size_t size, std::size_t a) {
  // Rows before a hold 1 + 2 (size - 1 - i) numbers each (complex), or size - i (real).
  return Complex ? a * (2 * size - a) : a * size - a * (a - 1) / 2;
}

/// Reduced density matrix of a register, two rows a of the upper triangle and a few columns at a time.
template <bool Complex, class Real>
void ReducedDensity(const RegisterOperators<Real>& reg, State<Real> state, Real* rho) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  constexpr std::size_t wide = many_registers<Real> || !Complex ? 4 : 2;
  const std::size_t size = std::size_t{1} << reg.k;
  for (std::size_t a = 0; a < size; a += 2) {
    for (std::size_t b = a / wide * wide; b < size; b += wide) {
      const std::size_t ra = size - a < 2 ? 1 : 2, rb = size - b < wide ? size - b : wide;
      std::size_t at_a[2], at_b[wide];
      for (std::size_t i = 0; i < 2; ++i) at_a[i] = reg.split.offset_row[a + (i < ra ? i : 0)] * n;
      for (std::size_t i = 0; i < wide; ++i) at_b[i] = reg.split.offset_row[b + (i < rb ? i : 0)] * n;
      Vec<Real> re[2][wide], im[2][wide];
      const std::size_t values = reg.outer_values, each = reg.split.base_row.size() / values;
      Vec<Real> parts[2][2][wide][lane_values<Real>];
      for (std::size_t v = 0; v < values; ++v) {
        for (int i = 0; i < 2; ++i)
          for (std::size_t j = 0; j < wide; ++j) re[i][j] = im[i][j] = hn::Zero(d);
        for (std::size_t at = v * each; at < (v + 1) * each; ++at) {
          const std::uint32_t base = reg.split.base_row[at];
          const Real* x = state.re + base * n;
          const Vec<Real> x0 = hn::Load(d, x + at_a[0]), x1 = hn::Load(d, x + at_a[1]);
          if constexpr (Complex) {
            const Real* y = state.im + base * n;
            const Vec<Real> y0 = hn::Load(d, y + at_a[0]), y1 = hn::Load(d, y + at_a[1]);
#pragma GCC unroll 4
            for (std::size_t j = 0; j < wide; ++j) {
              const Vec<Real> u = hn::Load(d, x + at_b[j]), w = hn::Load(d, y + at_b[j]);
              re[0][j] = hn::MulAdd(y0, w, hn::MulAdd(x0, u, re[0][j]));
              re[1][j] = hn::MulAdd(y1, w, hn::MulAdd(x1, u, re[1][j]));
              im[0][j] = hn::NegMulAdd(x0, w, hn::MulAdd(y0, u, im[0][j]));
              im[1][j] = hn::NegMulAdd(x1, w, hn::MulAdd(y1, u, im[1][j]));
            }
          } else {
#pragma GCC unroll 4
            for (std::size_t j = 0; j < wide; ++j) {
              const Vec<Real> u = hn::Load(d, x + at_b[j]);
              re[0][j] = hn::MulAdd(x0, u, re[0][j]);
              re[1][j] = hn::MulAdd(x1, u, re[1][j]);
            }
          }
        }
        if (values == 1) break;
        for (int i = 0; i < 2; ++i)
          for (std::size_t j = 0; j < wide; ++j) {
            parts[0][i][j][v] = re[i][j];
            parts[1][i][j][v] = im[i][j];
          }
      }
      for (int i = 0; values > 1 && i < 2; ++i)
        for (std::size_t j = 0; j < wide; ++j) {
          re[i][j] = AddValues(parts[0][i][j], values);
          im[i][j] = AddValues(parts[1][i][j], values);
        }
      for (std::size_t i = 0; i < ra; ++i)
        for (std::size_t j = 0; j < rb; ++j) {
          const std::size_t p = a + i, q = b + j;
          if (q < p) continue;
          Real* to = rho + EntryRow<Complex>(size, p) * n;
          if constexpr (Complex) {
            hn::Store(re[i][j], d, to + (q == p ? 0 : 2 * (q - p) - 1) * n);
            if (q > p) hn::Store(im[i][j], d, to + 2 * (q - p) * n);
          } else {
            hn::Store(re[i][j], d, to + (q - p) * n);
          }
        }
    }
  }
}

/// values[columns] (+)= operators * rho.
template <class Real>
void OperatorValues(const RegisterOperators<Real>& reg, const Real* rho, Real* values) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  constexpr std::size_t block = 8;
  const std::size_t count = reg.columns.size(), entries = reg.entries;
  for (std::size_t o = 0; o < count; o += block) {
    const Real* m[block];
    for (std::size_t i = 0; i < block; ++i)
      m[i] = reg.operators.data() + (o + i < count ? o + i : o) * reg.stride;
    Vec<Real> sum[block];
    for (std::size_t i = 0; i < block; ++i) sum[i] = hn::Zero(d);
    for (std::size_t e = 0; e < entries; ++e) {
      const Vec<Real> x = hn::Load(d, rho + e * n);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < block; ++i) sum[i] = hn::MulAdd(hn::Set(d, m[i][e]), x, sum[i]);
    }
    for (std::size_t i = 0; i < block && o + i < count; ++i)
      hn::Store(sum[i], d, values + reg.columns[o + i] * tile);
  }
}

/// weight[e .. e + Width) = sum over columns of cotangent * operator.
template <int Width, class Real>
HWY_INLINE void WeightRows(const RegisterOperators<Real>& reg, const Real* cotangents, std::size_t e,
                           Real* weight) {
  const Tag<Real> d;
  const std::size_t count = reg.columns.size(), stride = reg.stride;
  Vec<Real> sum[Width];
  for (int i = 0; i < Width; ++i) sum[i] = hn::Zero(d);
  const Real* m = reg.operators.data() + e;
  for (std::size_t o = 0; o < count; ++o, m += stride) {
    const Vec<Real> g = hn::Load(d, cotangents + reg.columns[o] * tile);
#pragma GCC unroll 16
    for (int i = 0; i < Width; ++i) sum[i] = hn::MulAdd(hn::Set(d, m[i]), g, sum[i]);
  }
  for (int i = 0; i < Width; ++i) hn::Store(sum[i], d, weight + (e + i) * lanes<Real>);
}

/// The entries of this sample's own Hermitian matrix, doubled off the diagonal.
template <class Real>
void OperatorWeights(const RegisterOperators<Real>& reg, const Real* cotangents, Real* weight) {
  constexpr std::size_t most = many_registers<Real> ? 16 : 12;
  const std::size_t entries = reg.entries;
  std::size_t e = 0;
  for (; e + most <= entries; e += most) WeightRows<most>(reg, cotangents, e, weight);
  for (; e + 4 <= entries; e += 4) WeightRows<4>(reg, cotangents, e, weight);
  for (; e < entries; ++e) WeightRows<1>(reg, cotangents, e, weight);
}

/// out[(j * chunks + c) * stride + i] = in[(c * lanes + i) * Ways + j]: moves the lowest bits of a flat index
/// to its top.
template <int Ways, class Real>
HWY_INLINE void Deinterleave(const Real* in, Real* out, std::size_t stride) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>, chunks = n / Ways;
  for (std::size_t c = 0; c < chunks; ++c) {
    Vec<Real> v[4];
    if constexpr (Ways == 4)
      hn::LoadInterleaved4(d, in + c * Ways * n, v[0], v[1], v[2], v[3]);
    else
      hn::LoadInterleaved2(d, in + c * Ways * n, v[0], v[1]);
#pragma GCC unroll 4
    for (std::size_t j = 0; j < Ways; ++j) hn::Store(v[j], d, out + (j * chunks + c) * stride);
  }
}

/// out[b * stride + e] = in[e * lanes + b] for a square of lanes entries. An index (row, column) has its bits
/// rotated: de-interleaving rotates them by two (or one) at a time.
template <class Real>
HWY_INLINE void TransposeSquare(const Real* in, Real* out, std::size_t stride) {
  constexpr std::size_t n = lanes<Real>;
  HWY_ALIGN Real middle[n * n];
  if constexpr (n == 16) {
    Deinterleave<4>(in, middle, n);
    Deinterleave<4>(middle, out, stride);
  } else if constexpr (n == 8) {
    Deinterleave<4>(in, middle, n);
    Deinterleave<2>(middle, out, stride);
  } else if constexpr (n == 4) {
    Deinterleave<4>(in, out, stride);
  } else {
    for (std::size_t e = 0; e < n; ++e)
      for (std::size_t b = 0; b < n; ++b) out[b * stride + e] = in[e * n + b];
  }
}

/// sums[column][entry] += cotangent * rho, sample after sample. transposed: [lanes][padded entries] scratch.
template <class Real>
void OperatorSums(const RegisterOperators<Real>& reg, const Real* cotangents, const Real* rho,
                  Real* transposed, Real* sums) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const std::size_t entries = reg.entries, padded = (entries + n - 1) / n * n;
  std::size_t done = 0;
  for (; done + n <= entries; done += n) TransposeSquare(rho + done * n, transposed + done, padded);
  for (; done < entries; ++done)
    for (std::size_t b = 0; b < n; ++b) transposed[b * padded + done] = rho[done * n + b];
  const std::size_t count = reg.columns.size();
  constexpr std::size_t outs = 4, wide = many_registers<Real> ? 4 : 2;
  for (std::size_t o = 0; o < count; o += outs) {
    const std::size_t height = count - o < outs ? count - o : outs;
    const Real* g[outs];
    Real* to[outs];
    for (std::size_t i = 0; i < outs; ++i) {
      const std::size_t at = o + (i < height ? i : 0);
      g[i] = cotangents + reg.columns[at] * tile;
      to[i] = sums + at * entries;
    }
    std::size_t e = 0;
    if (height == outs) {
      for (; e + wide * n <= entries; e += wide * n) {
        Vec<Real> sum[outs][wide];
        for (std::size_t i = 0; i < outs; ++i)
          for (std::size_t j = 0; j < wide; ++j) sum[i][j] = hn::LoadU(d, to[i] + e + j * n);
        for (std::size_t b = 0; b < n; ++b) {
          const Real* x = transposed + b * padded + e;
          Vec<Real> v[wide];
#pragma GCC unroll 4
          for (std::size_t j = 0; j < wide; ++j) v[j] = hn::LoadU(d, x + j * n);
#pragma GCC unroll 4
          for (std::size_t i = 0; i < outs; ++i) {
            const Vec<Real> f = hn::Set(d, g[i][b]);
#pragma GCC unroll 4
            for (std::size_t j = 0; j < wide; ++j) sum[i][j] = hn::MulAdd(f, v[j], sum[i][j]);
          }
        }
        for (std::size_t i = 0; i < outs; ++i)
          for (std::size_t j = 0; j < wide; ++j) hn::StoreU(sum[i][j], d, to[i] + e + j * n);
      }
    }
    for (std::size_t i = 0; i < height; ++i) {
      std::size_t r = e;
      for (; r + n <= entries; r += n) {
        Vec<Real> sum = hn::LoadU(d, to[i] + r);
        for (std::size_t b = 0; b < n; ++b)
          sum = hn::MulAdd(hn::Set(d, g[i][b]), hn::LoadU(d, transposed + b * padded + r), sum);
        hn::StoreU(sum, d, to[i] + r);
      }
      const hn::CappedTag<Real, 1> one;  // the same fused arithmetic for the rest
      for (; r < entries; ++r) {
        auto sum = hn::LoadU(one, to[i] + r);
        for (std::size_t b = 0; b < n; ++b)
          sum = hn::MulAdd(hn::Set(one, g[i][b]), hn::LoadU(one, transposed + b * padded + r), sum);
        hn::StoreU(sum, one, to[i] + r);
      }
    }
  }
}

/// The full rows of 2 H, [2^k][2^k][re, im], from the entries of its upper triangle.
template <bool Complex, class Real>
void FullMatrix(const RegisterOperators<Real>& reg, const Real* weight, Real* matrix) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  constexpr std::size_t parts = Complex ? 2 : 1;
  const std::size_t size = std::size_t{1} << reg.k;
  const Vec<Real> two = hn::Set(d, Real(2));
  for (std::size_t a = 0; a < size; ++a) {
    const Real* from = weight + EntryRow<Complex>(size, a) * n;
    hn::Store(hn::Mul(two, hn::Load(d, from)), d, matrix + (a * size + a) * parts * n);
    if constexpr (Complex) hn::Store(hn::Zero(d), d, matrix + ((a * size + a) * parts + 1) * n);
    for (std::size_t b = a + 1; b < size; ++b) {
      const Vec<Real> re = hn::Load(d, from + (Complex ? 2 * (b - a) - 1 : b - a) * n);
      hn::Store(re, d, matrix + (a * size + b) * parts * n);
      hn::Store(re, d, matrix + (b * size + a) * parts * n);
      if constexpr (Complex) {
        const Vec<Real> im = hn::Load(d, from + 2 * (b - a) * n);
        hn::Store(im, d, matrix + ((a * size + b) * parts + 1) * n);
        hn::Store(hn::Neg(im), d, matrix + ((b * size + a) * parts + 1) * n);
      }
    }
  }
}

/// bra (+)= 2 H ket on the register's qubits, H a Hermitian matrix of its own for every sample. `matrix` is
/// scratch for the full rows: [2^k][2^k][re, im].
template <bool Complex, class Real>
void ApplyHermitian(const RegisterOperators<Real>& reg, const Real* weight, Real* matrix, State<Real> ket,
                    State<Real> bra, bool add) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  constexpr std::size_t parts = Complex ? 2 : 1;
  const std::size_t size = std::size_t{1} << reg.k;
  FullMatrix<Complex>(reg, weight, matrix);
  // Two rows of H and up to two groups of the other qubits at a time.
  const std::size_t groups = reg.split.base_row.size();
  for (std::size_t g = 0; g < groups; g += 2) {
    const std::size_t width = groups - g < 2 ? 1 : 2;
    const std::size_t base[2] = {reg.split.base_row[g] * n, reg.split.base_row[g + width - 1] * n};
    for (std::size_t a = 0; a < size; a += 2) {
      const std::size_t height = size - a < 2 ? 1 : 2;
      Vec<Real> re[2][2], im[2][2];
      for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 2; ++j) re[i][j] = im[i][j] = hn::Zero(d);
      const Real* row0 = matrix + a * size * parts * n;
      const Real* row1 = matrix + (a + height - 1) * size * parts * n;
      for (std::size_t b = 0; b < size; ++b) {
        const std::size_t at = reg.split.offset_row[b] * n;
        const Vec<Real> r[2] = {hn::Load(d, row0 + b * parts * n), hn::Load(d, row1 + b * parts * n)};
        Vec<Real> m[2];
        if constexpr (Complex) {
          m[0] = hn::Load(d, row0 + (b * parts + 1) * n);
          m[1] = hn::Load(d, row1 + (b * parts + 1) * n);
        }
#pragma GCC unroll 2
        for (int j = 0; j < 2; ++j) {
          const Vec<Real> x = hn::Load(d, ket.re + base[j] + at);
          if constexpr (Complex) {
            const Vec<Real> y = hn::Load(d, ket.im + base[j] + at);
#pragma GCC unroll 2
            for (int i = 0; i < 2; ++i) {
              re[i][j] = hn::NegMulAdd(m[i], y, hn::MulAdd(r[i], x, re[i][j]));
              im[i][j] = hn::MulAdd(m[i], x, hn::MulAdd(r[i], y, im[i][j]));
            }
          } else {
#pragma GCC unroll 2
            for (int i = 0; i < 2; ++i) re[i][j] = hn::MulAdd(r[i], x, re[i][j]);
          }
        }
      }
      for (std::size_t i = 0; i < height; ++i)
        for (std::size_t j = 0; j < width; ++j) {
          const std::size_t at = base[j] + reg.split.offset_row[a + i] * n;
          hn::Store(add ? hn::Add(re[i][j], hn::Load(d, bra.re + at)) : re[i][j], d, bra.re + at);
          if constexpr (Complex)
            hn::Store(add ? hn::Add(im[i][j], hn::Load(d, bra.im + at)) : im[i][j], d, bra.im + at);
        }
    }
  }
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
