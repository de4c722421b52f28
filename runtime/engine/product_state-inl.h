// SPDX-License-Identifier: Apache-2.0
// Layer 0 on |0...0>, a product state, and its gradient. Compiled once per instruction set.
#if defined(QMTL_ENGINE_PRODUCT_STATE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_PRODUCT_STATE_INL_H_
#undef QMTL_ENGINE_PRODUCT_STATE_INL_H_
#else
#define QMTL_ENGINE_PRODUCT_STATE_INL_H_
#endif

#include "runtime/engine/cut_sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// Layer 0 on |0...0>. prefix[2^k .. 2^(k+1)) holds the product of qubits 0..k-1 (contiguous rows); the whole
/// product goes to `out` (padded rows). sin, cos: [qubits][16], 0 and 1 where the layer has no gate.
template <class Real>
void ProductState(int qubits, const Real* sin, const Real* cos, Real* prefix, Real* out) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  hn::Store(hn::Set(d, Real(1)), d, prefix + n);
  for (int q = 0; q < qubits; ++q) {
    const std::size_t size = std::size_t{1} << q;
    const Vec<Real> s = hn::Load(d, sin + q * tile), c = hn::Load(d, cos + q * tile);
    const Real* from = prefix + size * n;
    const bool last = q + 1 == qubits;
    for (std::uint32_t i = 0; i < size; ++i) {
      const Vec<Real> x = hn::Load(d, from + i * n);
      const std::uint32_t hi = i + static_cast<std::uint32_t>(size);
      Real* to0 = last ? out + row(i) * n : prefix + (2 * size + i) * n;
      Real* to1 = last ? out + row(hi) * n : prefix + (2 * size + hi) * n;
      hn::Store(hn::Mul(x, c), d, to0);
      hn::Store(hn::Mul(x, s), d, to1);
    }
  }
  if (qubits == 0) hn::Store(hn::Set(d, Real(1)), d, out);
}

/// Gradient of the product state, highest qubit first: contracts the bra in place (padded rows for the first
/// step, contiguous afterwards). gradient: [qubits][16] dL / d angle.
template <class Real>
void ProductGradient(int qubits, const Real* sin, const Real* cos, const Real* prefix, Real* bra,
                     Real* scratch, Real* gradient) {
  if (cut_sums(qubits)) return CutProductGradient(qubits, sin, cos, prefix, bra, scratch, gradient);
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const Vec<Real> half = hn::Set(d, Real(0.5));
  for (int q = qubits - 1; q >= 0; --q) {
    const std::uint32_t size = std::uint32_t{1} << q;
    const Vec<Real> s = hn::Load(d, sin + q * tile), c = hn::Load(d, cos + q * tile);
    const bool first = q + 1 == qubits;
    Vec<Real> a = hn::Zero(d), b = hn::Zero(d);
    for (std::uint32_t i = 0; i < size; ++i) {
      const Vec<Real> p = hn::Load(d, prefix + (size + i) * n);
      const Vec<Real> l0 = hn::Load(d, first ? bra + row(i) * n : scratch + i * n);
      const Vec<Real> l1 = hn::Load(d, first ? bra + row(i + size) * n : scratch + (i + size) * n);
      a = hn::MulAdd(l0, p, a);
      b = hn::MulAdd(l1, p, b);
      hn::Store(hn::MulAdd(c, l0, hn::Mul(s, l1)), d, scratch + i * n);
    }
    hn::Store(hn::Mul(half, hn::NegMulAdd(s, a, hn::Mul(c, b))), d, gradient + q * tile);
  }
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
