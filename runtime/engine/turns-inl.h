// SPDX-License-Identifier: Apache-2.0
// Controlled rotations, in place on the half of the state where the control is 1. Compiled once per
// instruction set.
#if defined(QMTL_ENGINE_TURNS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_TURNS_INL_H_
#undef QMTL_ENGINE_TURNS_INL_H_
#else
#define QMTL_ENGINE_TURNS_INL_H_
#endif

#include "runtime/engine/state-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// Pairs of reals (x, y) -> (c x - s y, s x + c y): RY turns (a.re, b.re) and (a.im, b.im), RX (a.re, -b.im)
/// and (b.re, -a.im).
template <class V>
HWY_INLINE void TurnPair(V c, V s, V& x, V& y) {
  const V old = x;
  x = hn::NegMulAdd(s, y, hn::Mul(c, x));
  y = hn::MulAdd(s, old, hn::Mul(c, y));
}

/// The reals of a pair of amplitudes as two pairs that RY(angle) turns.
template <bool AboutX, bool Complex, class Real>
struct TurnedPair {
  Real *x0, *y0, *x1, *y1;
  TurnedPair(State<Real> s, std::size_t a, std::size_t b)
      : x0(s.re + a),
        y0(AboutX ? s.im + b : s.re + b),
        x1(Complex ? (AboutX ? s.re + b : s.im + a) : nullptr),
        y1(Complex ? (AboutX ? s.im + a : s.im + b) : nullptr) {}
};

template <bool AboutX, bool Complex, class Real>
void ApplyTurn(const Turn& turn, State<Real> state, const Real* sin, const Real* cos) {
  static_assert(Complex || !AboutX);
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  // Of RX the second number of each pair is minus the imaginary part: turning back by the same angle.
  const Vec<Real> c = hn::Load(d, cos), s = AboutX ? hn::Neg(hn::Load(d, sin)) : hn::Load(d, sin);
  for (const std::uint32_t base : turn.base_row) {
    const TurnedPair<AboutX, Complex, Real> p(state, base * n, (base + turn.target_row) * n);
    Vec<Real> x = hn::Load(d, p.x0), y = hn::Load(d, p.y0);
    TurnPair(c, s, x, y);
    hn::Store(x, d, p.x0);
    hn::Store(y, d, p.y0);
    if constexpr (Complex) {
      x = hn::Load(d, p.x1);
      y = hn::Load(d, p.y1);
      TurnPair(c, s, x, y);
      hn::Store(x, d, p.x1);
      hn::Store(y, d, p.y1);
    }
  }
}

/// dL / d angle at the turn's output, then bra and ket before it, in place.
template <bool AboutX, bool Complex, class Real>
void UndoTurn(const Turn& turn, State<Real> bra, State<Real> ket, const Real* sin, const Real* cos,
              Real* gradient) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const Vec<Real> c = hn::Load(d, cos), s = AboutX ? hn::Load(d, sin) : hn::Neg(hn::Load(d, sin));
  Vec<Real> sum[2] = {hn::Zero(d), hn::Zero(d)};
  const auto undo = [&](Real* bra_x, Real* bra_y, Real* ket_x, Real* ket_y, Vec<Real>& into) HWY_ATTR {
    Vec<Real> bx = hn::Load(d, bra_x), by = hn::Load(d, bra_y), kx = hn::Load(d, ket_x),
              ky = hn::Load(d, ket_y);
    into = hn::NegMulAdd(bx, ky, hn::MulAdd(by, kx, into));
    TurnPair(c, s, bx, by);
    TurnPair(c, s, kx, ky);
    hn::Store(bx, d, bra_x);
    hn::Store(by, d, bra_y);
    hn::Store(kx, d, ket_x);
    hn::Store(ky, d, ket_y);
  };
  for (const std::uint32_t base : turn.base_row) {
    const std::size_t a = base * n, b = (base + turn.target_row) * n;
    const TurnedPair<AboutX, Complex, Real> l(bra, a, b), k(ket, a, b);
    undo(l.x0, l.y0, k.x0, k.y0, sum[0]);
    if constexpr (Complex) undo(l.x1, l.y1, k.x1, k.y1, sum[1]);
  }
  const Vec<Real> half = hn::Set(d, Real(AboutX ? -0.5 : 0.5));
  hn::Store(hn::Mul(half, hn::Add(sum[0], sum[1])), d, gradient);
}

/// Calls kernel.operator()<AboutX, Complex>().
template <class Kernel>
HWY_INLINE void WithTurnKind(const Turn& turn, bool complex, const Kernel& kernel) {
  if (turn.about_x) return kernel.template operator()<true, true>();
  if (complex) return kernel.template operator()<false, true>();
  kernel.template operator()<false, false>();
}

/// A layer's turns. sin: [gates][16], cos: [turns][16] of half the angles.
template <class Real>
void ApplyTurns(const RyLayer& layer, State<Real> state, const Real* sin, const Real* cos) {
  if (layer.turned_complex) std::fill_n(state.im, rows(layer.qubits) * lanes<Real>, Real(0));
  for (const Turn& turn : layer.turns)
    WithTurnKind(turn, state.im != nullptr, [&]<bool AboutX, bool Complex>() HWY_ATTR {
      ApplyTurn<AboutX, Complex>(turn, state, sin + turn.slot * tile, cos + turn.number * tile);
    });
}

/// Their way back: gradients, and bra and ket before them. The ket is used up.
template <class Real>
void UndoTurns(const RyLayer& layer, State<Real> bra, State<Real> ket, const Real* sin, const Real* cos,
               Real* gradients) {
  for (auto turn = layer.turns.rbegin(); turn != layer.turns.rend(); ++turn)
    WithTurnKind(*turn, ket.im != nullptr, [&]<bool AboutX, bool Complex>() HWY_ATTR {
      UndoTurn<AboutX, Complex>(*turn, bra, ket, sin + turn->slot * tile, cos + turn->number * tile,
                                gradients + turn->slot * tile);
    });
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
