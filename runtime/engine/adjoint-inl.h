// SPDX-License-Identifier: Apache-2.0
// The way back through a layer: gradients of its gates, then the bra before it. Compiled once per instruction
// set.
#if defined(QMTL_ENGINE_ADJOINT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_ADJOINT_INL_H_
#undef QMTL_ENGINE_ADJOINT_INL_H_
#else
#define QMTL_ENGINE_ADJOINT_INL_H_
#endif

#include "runtime/engine/state-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// Adds what amplitude v of a group's bra brings to the sums of K gates.
template <int K, class V>
HWY_INLINE void AddPairs(V bra, const V* ket, int v, V* sum) {
#pragma GCC unroll 4
  for (int q = 0; q < K; ++q)
    sum[q] =
        v >> q & 1 ? hn::MulAdd(bra, ket[v ^ 1 << q], sum[q]) : hn::NegMulAdd(bra, ket[v ^ 1 << q], sum[q]);
}

/// dL / d angle of K gates of a layer at its output: half of sum over pairs of bra1 ket0 - bra0 ket1.
template <int K, class Real>
void GradientK(const Pass& pass, Groups groups, State<Real> bra, State<Real> ket, Real* gradient) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  constexpr int sets = 2;  // two chains of sums hide the latency of the fused multiply-add
  Vec<Real> sum[sets][K];
  for (int s = 0; s < sets; ++s)
    for (int q = 0; q < K; ++q) sum[s][q] = hn::Zero(d);
  std::size_t at[1 << K];
  for (int v = 0; v < (1 << K); ++v) at[v] = pass.offset_row[v] * n;
  const Real* bras[2] = {bra.re, ket.im ? bra.im : nullptr};
  const Real* kets[2] = {ket.re, ket.im};
  for (int part = 0; part < 2; ++part) {
    if (!bras[part]) continue;
    for (std::size_t g = groups.begin; g < groups.end; ++g) {
      const std::size_t base = pass.base_row[g];
      const Real* k = kets[part] + base * n;
      const Real* b = bras[part] + base * n;
      Vec<Real> ket_v[1 << K];
#pragma GCC unroll 16
      for (int v = 0; v < (1 << K); ++v) ket_v[v] = hn::Load(d, k + at[v]);
#pragma GCC unroll 16
      for (int v = 0; v < (1 << K); ++v) {
        const Vec<Real> l = hn::Load(d, b + at[v]);
        AddPairs<K>(l, ket_v, v, sum[v & 1]);
      }
    }
  }
  const Vec<Real> half = hn::Set(d, Real(0.5));
  for (int q = 0; q < K; ++q) hn::Store(hn::Mul(half, hn::Add(sum[0][q], sum[1][q])), d, gradient + q * tile);
}

template <class Real>
void Gradient(const Pass& pass, Groups groups, State<Real> bra, State<Real> ket, Real* gradient) {
  switch (pass.k) {
    case 1:
      return GradientK<1>(pass, groups, bra, ket, gradient);
    case 2:
      return GradientK<2>(pass, groups, bra, ket, gradient);
    case 3:
      return GradientK<3>(pass, groups, bra, ket, gradient);
    default:
      return GradientK<4>(pass, groups, bra, ket, gradient);
  }
}

/// Back through a mix: bra before it from the bra after it, stored or (Add) added; `phase_gradient` (may be
/// null) adds Re <bra| i ket> before the mix. Complex: the bra has an imaginary part; ket.im null: only its
/// real part is wanted.
template <bool Complex, bool ComplexKet, bool Phases, bool Add, class Real>
void UnmixRows(const Mix& mix, const PhaseTable<Real>& table, State<Real> after, State<Real> before,
               State<Real> ket, Real* phase_gradient, std::uint32_t begin, std::uint32_t end) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  for (std::uint32_t j = begin; j < end; ++j) {
    const std::size_t to = mix.source_row[j] * n, from = row(j) * n;
    const Vec<Real> re = hn::Set(d, table.re[j]), x = hn::Load(d, after.re + from);
    Vec<Real> a = hn::Mul(x, re), b = hn::Zero(d);
    if constexpr (Complex) {
      const Vec<Real> y = hn::Load(d, after.im + from);
      b = hn::Mul(y, re);
      if constexpr (Phases) {
        const Vec<Real> im = hn::Set(d, table.im[j]);
        a = hn::MulAdd(y, im, a);
        b = hn::NegMulAdd(x, im, b);
      }
    }
    if (phase_gradient) {
      Vec<Real> g = hn::MulAdd(b, hn::Load(d, ket.re + to), hn::Load(d, phase_gradient + to));
      if constexpr (ComplexKet) g = hn::NegMulAdd(a, hn::Load(d, ket.im + to), g);
      hn::Store(g, d, phase_gradient + to);
    }
    if constexpr (Add) a = hn::Add(a, hn::Load(d, before.re + to));
    hn::Store(a, d, before.re + to);
    if constexpr (ComplexKet) {
      if constexpr (Add) b = hn::Add(b, hn::Load(d, before.im + to));
      hn::Store(b, d, before.im + to);
    }
  }
}

template <bool Complex, bool ComplexKet, bool Phases, bool Add, class Real>
void UnmixK(const Mix& mix, const PhaseTable<Real>& table, State<Real> after, State<Real> before,
            State<Real> ket, Real* phase_gradient) {
  ForRows(mix, [&](std::uint32_t begin, std::uint32_t end) HWY_ATTR {
    UnmixRows<Complex, ComplexKet, Phases, Add>(mix, table, after, before, ket, phase_gradient, begin, end);
  });
}

template <bool Add, class Real>
void Unmix(const Mix& mix, const PhaseTable<Real>& table, State<Real> after, State<Real> before,
           State<Real> ket, Real* phase_gradient) {
  const bool phases = !table.im.empty();
  if (!after.im) return UnmixK<false, false, false, Add>(mix, table, after, before, ket, phase_gradient);
  if (ket.im)
    return phases ? UnmixK<true, true, true, Add>(mix, table, after, before, ket, phase_gradient)
                  : UnmixK<true, true, false, Add>(mix, table, after, before, ket, phase_gradient);
  return phases ? UnmixK<true, false, true, Add>(mix, table, after, before, ket, phase_gradient)
                : UnmixK<true, false, false, Add>(mix, table, after, before, ket, phase_gradient);
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
