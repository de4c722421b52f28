// SPDX-License-Identifier: Apache-2.0
// Compiled once per instruction set.
#if defined(QMTL_ENGINE_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_MATH_INL_H_
#undef QMTL_ENGINE_MATH_INL_H_
#else
#define QMTL_ENGINE_MATH_INL_H_
#endif

#include <cmath>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Lanes of a state: one SIMD register, at most the 16 samples of a tile.
template <class Real>
using Tag = hn::CappedTag<Real, 16>;
template <class Real>
using Vec = hn::Vec<Tag<Real>>;
template <class Real>
inline constexpr std::size_t lanes = hn::MaxLanes(Tag<Real>());

/// Horner's scheme, highest coefficient first.
template <class V, class Real, std::size_t N>
HWY_INLINE V Polynomial(V x, const Real (&c)[N]) {
  const hn::DFromV<V> d;
  V sum = hn::Set(d, c[0]);
  for (std::size_t i = 1; i < N; ++i) sum = hn::MulAdd(sum, x, hn::Set(d, c[i]));
  return sum;
}

/// Coefficients of sin(x) / x and cos(x) in x^2 on |x| <= pi / 4: Taylor's, whose first left-out term is
/// below half a unit in the last place there. pi / 2 is split into three parts (Cody and Waite 1980).
template <class Real>
struct SinCosConstants;
template <>
struct SinCosConstants<float> {
  static constexpr float sin[] = {2.75573192e-6f, -1.98412698e-4f, 8.33333333e-3f, -1.66666667e-1f, 1.0f};
  static constexpr float cos[] = {-2.75573192e-7f, 2.48015873e-5f, -1.38888889e-3f,
                                  4.16666667e-2f,  -0.5f,          1.0f};
  static constexpr float pio2[] = {1.5703125f, 4.837512969970703e-4f, 7.549789948768648e-8f};
};
template <>
struct SinCosConstants<double> {
  static constexpr double sin[] = {2.8114572543455206e-15, -7.6471637318198164e-13, 1.6059043836821613e-10,
                                   -2.5052108385441720e-8, 2.7557319223985893e-6,   -1.9841269841269841e-4,
                                   8.3333333333333333e-3,  -1.6666666666666667e-1,  1.0};
  static constexpr double cos[] = {-1.5619206968586225e-16,
                                   4.7794773323873853e-14,
                                   -1.1470745597729725e-11,
                                   2.0876756987868099e-9,
                                   -2.7557319223985891e-7,
                                   2.4801587301587302e-5,
                                   -1.3888888888888889e-3,
                                   4.1666666666666667e-2,
                                   -0.5,
                                   1.0};
  static constexpr double pio2[] = {1.5707963267341256e+00, 6.0771005063039660e-11, 2.0222662487959506e-21};
};

/// sin and cos, a few units in the last place for |x| up to about 1e4.
template <class V>
HWY_INLINE void SinCos(V x, V& sin, V& cos) {
  const hn::DFromV<V> d;
  using Real = hn::TFromD<decltype(d)>;
  using C = SinCosConstants<Real>;
  const V quarter = hn::Round(hn::Mul(x, hn::Set(d, static_cast<Real>(0.63661977236758134))));
  V r = hn::NegMulAdd(quarter, hn::Set(d, C::pio2[0]), x);
  r = hn::NegMulAdd(quarter, hn::Set(d, C::pio2[1]), r);
  r = hn::NegMulAdd(quarter, hn::Set(d, C::pio2[2]), r);
  const V square = hn::Mul(r, r);
  const V s = hn::Mul(r, Polynomial(square, C::sin));
  const V c = Polynomial(square, C::cos);
  // Quadrant q mod 4: swap for odd q; sin negative for q = 2, 3; cos negative for q = 1, 2.
  const V half = hn::Mul(quarter, hn::Set(d, Real(0.5)));
  const V odd = hn::Sub(quarter, hn::Mul(hn::Floor(half), hn::Set(d, Real(2))));
  const auto swap = hn::Gt(odd, hn::Set(d, Real(0.5)));
  const V fourth = hn::Mul(quarter, hn::Set(d, Real(0.25)));
  const V q = hn::Mul(hn::Sub(fourth, hn::Floor(fourth)), hn::Set(d, Real(4)));
  const auto sin_negative = hn::Gt(q, hn::Set(d, Real(1.5)));
  const auto cos_negative = hn::And(hn::Gt(q, hn::Set(d, Real(0.5))), hn::Lt(q, hn::Set(d, Real(2.5))));
  const V sine = hn::IfThenElse(swap, c, s), cosine = hn::IfThenElse(swap, s, c);
  sin = hn::IfThenElse(sin_negative, hn::Neg(sine), sine);
  cos = hn::IfThenElse(cos_negative, hn::Neg(cosine), cosine);
}

template <class Real>
void SinCosArray(const Real* x, Real* sin, Real* cos, std::size_t count) {
  const hn::CappedTag<Real, 16> d;
  constexpr std::size_t n = lanes<Real>;
  std::size_t i = 0;
  for (; i + n <= count; i += n) {
    Vec<Real> s, c;
    SinCos(hn::LoadU(d, x + i), s, c);
    hn::StoreU(s, d, sin + i);
    hn::StoreU(c, d, cos + i);
  }
  if (i == count) return;
  HWY_ALIGN Real tail[3 * n] = {};
  for (std::size_t j = i; j < count; ++j) tail[j - i] = x[j];
  Vec<Real> s, c;
  SinCos(hn::Load(d, tail), s, c);
  hn::Store(s, d, tail + n);
  hn::Store(c, d, tail + 2 * n);
  for (std::size_t j = i; j < count; ++j) {
    sin[j] = tail[n + j - i];
    cos[j] = tail[2 * n + j - i];
  }
}

template <class Real>
double FmaBurst(std::size_t rounds) {
  const Tag<Real> d;
  constexpr int chains = 12;  // more than latency times throughput of any processor known to us
  Vec<Real> x[chains];
  for (int i = 0; i < chains; ++i) x[i] = hn::Set(d, static_cast<Real>(0.5 + i));
  // Converges to 1: neither denormal nor infinite numbers slow the loop down.
  const Vec<Real> a = hn::Set(d, Real(0.5)), b = hn::Set(d, Real(0.5));
  for (std::size_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) x[i] = hn::MulAdd(x[i], a, b);
  }
  Vec<Real> sum = x[0];
  for (int i = 1; i < chains; ++i) sum = hn::Add(sum, x[i]);
  // The result must be used, or the loop is removed.
  const Real finite = hn::GetLane(sum) < Real(1e30) ? Real(1) : Real(0);
  return 2.0 * chains * static_cast<double>(lanes<Real> * rounds) * static_cast<double>(finite);
}

/// Sum of 16 samples' values by a fixed pairwise tree, in double.
template <class Real>
HWY_INLINE double TileSum(const Real* x) {
  double s[8];
  for (int i = 0; i < 8; ++i) s[i] = static_cast<double>(x[i]) + static_cast<double>(x[i + 8]);
  for (int i = 0; i < 4; ++i) s[i] += s[i + 4];
  return (s[0] + s[2]) + (s[1] + s[3]);
}

/// Lanes::sum_rows.
template <class Real>
void SumRows(const Real* parts, std::size_t stride, std::size_t count, double* sums) {
  constexpr std::size_t n = lanes<Real>;
  for (std::size_t i = 0; i < count; ++i) {
    if constexpr (n == tile) {
      sums[i] += TileSum(parts + row(static_cast<std::uint32_t>(i)) * n);
    } else {
      Real x[tile];
      for (std::size_t b = 0; b < tile; ++b)
        x[b] = parts[b / n * stride * n + row(static_cast<std::uint32_t>(i)) * n + b % n];
      sums[i] += TileSum(x);
    }
  }
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
