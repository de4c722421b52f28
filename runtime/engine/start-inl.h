// SPDX-License-Identifier: Apache-2.0
// A state that begins with numbers of a sample over their norm, and their gradient. Compiled once per
// instruction set.
#if defined(QMTL_ENGINE_START_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_START_INL_H_
#undef QMTL_ENGINE_START_INL_H_
#else
#define QMTL_ENGINE_START_INL_H_
#endif

#include <limits>

#include "runtime/engine/state-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// What a number is multiplied by to become an amplitude: `power`, of two, first, so that neither squares nor
/// the sum of them leave the range of Real; both as vectors over samples. All numbers 0: `inverse` is 0.
template <class Real>
struct StartNorm {
  Vec<Real> power, inverse;

  Vec<Real> amplitude(Vec<Real> number) const { return hn::Mul(hn::Mul(number, power), inverse); }
};

/// numbers: [count][16] at the sub-tile. The sum has four chains.
template <class Real>
StartNorm<Real> NormOfStart(const Real* numbers, int count) {
  const Tag<Real> d;
  const hn::RebindToUnsigned<Tag<Real>> bits;
  const Vec<Real> zero = hn::Zero(d), one = hn::Set(d, Real(1));
  Vec<Real> most = zero;
  for (int j = 0; j < count; ++j) most = hn::Max(most, hn::Abs(hn::Load(d, numbers + j * tile)));
  // The power of two below the largest; of numbers without one (0 and subnormal) the smallest there is.
  const auto exponent = hn::BitCast(bits, hn::Set(d, std::numeric_limits<Real>::infinity()));
  Vec<Real> unit = hn::BitCast(d, hn::And(hn::BitCast(bits, most), exponent));
  unit = hn::IfThenElse(hn::Eq(unit, zero), hn::Set(d, std::numeric_limits<Real>::min()), unit);
  const Vec<Real> power = hn::Div(one, unit);
  Vec<Real> sum[4] = {zero, zero, zero, zero};
  for (int j = 0; j < count; ++j) {
    const Vec<Real> x = hn::Mul(hn::Load(d, numbers + j * tile), power);
    sum[j & 3] = hn::MulAdd(x, x, sum[j & 3]);
  }
  const Vec<Real> all = hn::Add(hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3]));
  // Numbers that are not finite leave nothing finite.
  return {power, hn::IfThenElse(hn::Eq(all, zero), zero, hn::Div(one, hn::Sqrt(all)))};
}

/// The numbers' state times layer 0 on the other qubits. prefix[2^k .. 2^(k+1)) holds the product of the
/// first k qubits of start_order (contiguous rows), from those of the numbers on; the whole product goes to
/// `out` (padded rows). sin, cos: [qubits][16], 0 and 1 where the layer has no gate. Numbers that are all 0:
/// the first basis state.
template <class Real>
void StartState(const Program& program, const Real* numbers, const Real* sin, const Real* cos, Real* prefix,
                Real* out) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const int started = program.start_qubits;
  const std::size_t states = std::size_t{1} << started;
  const auto place = [&](int qubits, std::size_t i) {
    return qubits == program.qubits ? out + row(program.start_index[i]) * n
                                    : prefix + ((std::size_t{1} << qubits) + i) * n;
  };
  const auto count = static_cast<std::size_t>(program.start_numbers);
  const StartNorm<Real> norm = NormOfStart(numbers, program.start_numbers);
  for (std::size_t j = 0; j < states; ++j)
    hn::Store(j < count ? norm.amplitude(hn::Load(d, numbers + j * tile)) : hn::Zero(d), d,
              place(started, j));
  const auto none = hn::Eq(norm.inverse, hn::Zero(d));
  hn::Store(hn::IfThenElse(none, hn::Set(d, Real(1)), hn::Load(d, place(started, 0))), d, place(started, 0));
  for (int k = started; k < program.qubits; ++k) {
    const int q = program.start_order[static_cast<std::size_t>(k)];
    const std::size_t size = std::size_t{1} << k;
    const Vec<Real> s = hn::Load(d, sin + q * tile), c = hn::Load(d, cos + q * tile);
    for (std::size_t i = 0; i < size; ++i) {
      const Vec<Real> x = hn::Load(d, prefix + (size + i) * n);
      hn::Store(hn::Mul(x, c), d, place(k + 1, i));
      hn::Store(hn::Mul(x, s), d, place(k + 1, size + i));
    }
  }
}

/// Whether number j has a gradient: in a node of the tree whose numbers are all 0 (amplitudes.h) only the
/// first has. So that number is 0 and those are that it is the first behind.
template <class Real>
hn::Mask<Tag<Real>> Learns(const Real* numbers, int count, int j) {
  const Tag<Real> d;
  const int half = j & -j;
  Vec<Real> most = hn::Zero(d);
  for (int i = j - half; i < std::min(j + half, count); ++i)
    most = hn::Max(most, hn::Abs(hn::Load(d, numbers + i * tile)));
  return hn::Gt(most, hn::Zero(d));
}

/// Adds (g - (g . a) a) / |x| for amplitudes a and their gradients g(j) to gradient[numbers][16].
template <class Real, class At>
void AddStartGradient(const Real* numbers, int count, const At& g, Real* gradient) {
  const Tag<Real> d;
  const StartNorm<Real> norm = NormOfStart(numbers, count);
  Vec<Real> sum[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  for (int j = 0; j < count; ++j)
    sum[j & 3] = hn::MulAdd(g(j), norm.amplitude(hn::Load(d, numbers + j * tile)), sum[j & 3]);
  const Vec<Real> along = hn::Add(hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3]));
  for (int j = 0; j < count; ++j) {
    const Vec<Real> x = hn::Load(d, numbers + j * tile);
    Vec<Real> by = hn::NegMulAdd(along, norm.amplitude(x), g(j));
    by = hn::Mul(hn::Mul(by, norm.inverse), norm.power);
    const auto zero = hn::Eq(x, hn::Zero(d));
    if (j > 0 && !hn::AllFalse(d, zero))
      by = hn::IfThenElseZero(hn::Or(hn::Not(zero), Learns(numbers, count, j)), by);
    hn::Store(hn::Add(by, hn::Load(d, gradient + j * tile)), d, gradient + j * tile);
  }
}

/// Gradients of StartState: of the other qubits' angles, the last of start_order first, contracting the bra
/// into scratch; then of the numbers, added.
template <class Real>
void StartGradient(const Program& program, const Real* numbers, const Real* sin, const Real* cos,
                   const Real* prefix, const Real* bra, Real* scratch, Real* gradient,
                   Real* number_gradients) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const Vec<Real> half = hn::Set(d, Real(0.5));
  const auto at = [&](int qubits, std::size_t i) HWY_ATTR {
    return hn::Load(d, qubits == program.qubits ? bra + row(program.start_index[i]) * n : scratch + i * n);
  };
  for (int k = program.qubits - 1; k >= program.start_qubits; --k) {
    const int q = program.start_order[static_cast<std::size_t>(k)];
    const std::size_t size = std::size_t{1} << k;
    const Vec<Real> s = hn::Load(d, sin + q * tile), c = hn::Load(d, cos + q * tile);
    Vec<Real> a = hn::Zero(d), b = hn::Zero(d);
    for (std::size_t i = 0; i < size; ++i) {
      const Vec<Real> p = hn::Load(d, prefix + (size + i) * n), l0 = at(k + 1, i), l1 = at(k + 1, size + i);
      a = hn::MulAdd(l0, p, a);
      b = hn::MulAdd(l1, p, b);
      hn::Store(hn::MulAdd(c, l0, hn::Mul(s, l1)), d, scratch + i * n);
    }
    hn::Store(hn::Mul(half, hn::NegMulAdd(s, a, hn::Mul(c, b))), d, gradient + q * tile);
  }
  AddStartGradient(
      numbers, program.start_numbers,
      [&](int j) HWY_ATTR { return at(program.start_qubits, static_cast<std::size_t>(j)); },
      number_gradients);
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
