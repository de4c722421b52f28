// SPDX-License-Identifier: Apache-2.0
// Readouts of states, compiled once per instruction set.
#if defined(QMTL_ENGINE_READOUT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_READOUT_INL_H_
#undef QMTL_ENGINE_READOUT_INL_H_
#else
#define QMTL_ENGINE_READOUT_INL_H_
#endif

#include <algorithm>
#include <span>

#include "runtime/engine/cut_sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// The squared amplitudes at `offset` from some rows of the other qubits.
template <class Real>
HWY_INLINE Vec<Real> SumSquares(const std::uint32_t* begin, const std::uint32_t* end, std::uint32_t offset,
                                State<Real> state) {
  const Tag<Real> d;
  Vec<Real> sum = hn::Zero(d);
  for (; begin != end; ++begin) {
    const std::size_t at = (*begin + offset) * lanes<Real>;
    const Vec<Real> x = hn::Load(d, state.re + at);
    sum = hn::MulAdd(x, x, sum);
    if (state.im) {
      const Vec<Real> y = hn::Load(d, state.im + at);
      sum = hn::MulAdd(y, y, sum);
    }
  }
  return sum;
}

/// probability[r] of each readout index, summed over the other qubits.
template <class Real>
void Probabilities(int qubits, const BlockProgram& block, State<Real> state, Real* probability) {
  const Tag<Real> d;
  const std::size_t values = outer_values<Real>(qubits, block.readout_qubits),
                    each = block.split.base_row.size() / values;
  const std::uint32_t* base = block.split.base_row.data();
  for (std::size_t r = 0; r < block.split.offset_row.size(); ++r) {
    const std::uint32_t offset = block.split.offset_row[r];
    Real* to = probability + r * lanes<Real>;
    if (values == 1) {
      hn::Store(SumSquares(base, base + each, offset, state), d, to);
      continue;
    }
    Vec<Real> sums[lane_values<Real>];
    for (std::size_t v = 0; v < values; ++v)
      sums[v] = SumSquares(base + v * each, base + (v + 1) * each, offset, state);
    hn::Store(AddValues(sums, values), d, to);
  }
}

/// sum over r of diagonal[r] * x[r], in four chains.
template <class Real>
HWY_INLINE Vec<Real> DiagonalDotRows(std::span<const Real> diagonal, const Real* x) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  Vec<Real> s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  std::size_t r = 0;
  for (; r + 4 <= diagonal.size(); r += 4) {
    s0 = hn::MulAdd(hn::Set(d, diagonal[r]), hn::Load(d, x + r * n), s0);
    s1 = hn::MulAdd(hn::Set(d, diagonal[r + 1]), hn::Load(d, x + (r + 1) * n), s1);
    s2 = hn::MulAdd(hn::Set(d, diagonal[r + 2]), hn::Load(d, x + (r + 2) * n), s2);
    s3 = hn::MulAdd(hn::Set(d, diagonal[r + 3]), hn::Load(d, x + (r + 3) * n), s3);
  }
  for (; r < diagonal.size(); ++r) s0 = hn::MulAdd(hn::Set(d, diagonal[r]), hn::Load(d, x + r * n), s0);
  return hn::Add(hn::Add(s0, s1), hn::Add(s2, s3));
}

/// DiagonalDotRows of four diagonals at once: x is loaded once. A multiple of four rows.
template <class Real>
HWY_INLINE void FourDiagonalDots(const Real* const diagonal[4], std::size_t rows, const Real* x,
                                 Vec<Real> sums[4]) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  Vec<Real> s[4][4];
#pragma GCC unroll 4
  for (int v = 0; v < 4; ++v)
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) s[v][k] = hn::Zero(d);
  for (std::size_t r = 0; r < rows; r += 4)
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) {
      const Vec<Real> at = hn::Load(d, x + (r + k) * n);
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) s[v][k] = hn::MulAdd(hn::Set(d, diagonal[v][r + k]), at, s[v][k]);
    }
#pragma GCC unroll 4
  for (int v = 0; v < 4; ++v) sums[v] = hn::Add(hn::Add(s[v][0], s[v][1]), hn::Add(s[v][2], s[v][3]));
}

template <class Real>
Vec<Real> DiagonalDot(int qubits, const BlockProgram& block, const std::vector<Real>& diagonal,
                      const Real* x) {
  if (!cut_readout(qubits, block.readout_qubits)) return DiagonalDotRows<Real>(diagonal, x);
  constexpr std::size_t values = lane_values<Real>;
  const std::size_t each = diagonal.size() / values;
  Vec<Real> sums[values];
  for (std::size_t v = 0; v < values; ++v)
    sums[v] = DiagonalDotRows<Real>({diagonal.data() + v * each, each}, x + v * each * lanes<Real>);
  return AddValues(sums, values);
}

/// The block's values at a sub-tile of values[..][16]; x: the probabilities.
template <class Real>
void DiagonalValues(int qubits, const BlockProgram& block, const Diagonals<Real>& diagonals, const Real* x,
                    Real* values) {
  const Tag<Real> d;
  const std::size_t count = diagonals.value.size(), rows = block.split.offset_row.size();
  const auto store = [&](std::size_t v, Vec<Real> sum)
                         HWY_ATTR { hn::Store(sum, d, values + diagonals.column[v] * tile); };
  std::size_t v = 0;
  if (rows % 4 == 0 && !cut_readout(qubits, block.readout_qubits))
    for (; v + 4 <= count; v += 4) {
      const Real* four[4];
      for (std::size_t i = 0; i < 4; ++i) four[i] = diagonals.value[v + i].data();
      Vec<Real> sums[4];
      FourDiagonalDots(four, rows, x, sums);
      for (std::size_t i = 0; i < 4; ++i) store(v + i, sums[i]);
    }
  for (; v < count; ++v) store(v, DiagonalDot(qubits, block, diagonals.value[v], x));
}

/// bra (+)= w * state at one row.
template <class Real>
HWY_INLINE void FoldRow(Vec<Real> w, State<Real> state, State<Real> bra, std::size_t at, bool add) {
  const Tag<Real> d;
  Vec<Real> x = hn::Mul(w, hn::Load(d, state.re + at));
  if (add) x = hn::Add(x, hn::Load(d, bra.re + at));
  hn::Store(x, d, bra.re + at);
  if (!state.im) return;
  Vec<Real> y = hn::Mul(w, hn::Load(d, state.im + at));
  if (add) y = hn::Add(y, hn::Load(d, bra.im + at));
  hn::Store(y, d, bra.im + at);
}

/// bra (+)= 2 sum over values of cotangent * diagonal applied to the ket. cotangents: [values][16] at this
/// sub-tile.
template <class Real>
void FoldCotangents(int, const BlockProgram& block, const Diagonals<Real>& diagonals, const Real* cotangents,
                    State<Real> ket, State<Real> bra, bool add) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const Vec<Real> two = hn::Set(d, Real(2));
  const std::size_t rows = block.split.offset_row.size();
  constexpr std::size_t most = 8;  // rows at a time: their sums are chains of their own
  for (std::size_t first = 0; first < rows; first += most) {
    const std::size_t some = std::min(most, rows - first);
    Vec<Real> w[most];
    for (Vec<Real>& sum : w) sum = hn::Zero(d);
    for (std::size_t v = 0; v < diagonals.value.size(); ++v) {
      const Vec<Real> g = hn::Load(d, cotangents + diagonals.column[v] * tile);
      const Real* diagonal = diagonals.value[v].data() + first;
      if (some == most) {
#pragma GCC unroll 8
        for (std::size_t r = 0; r < most; ++r) w[r] = hn::MulAdd(hn::Set(d, diagonal[r]), g, w[r]);
      } else {
        for (std::size_t r = 0; r < some; ++r) w[r] = hn::MulAdd(hn::Set(d, diagonal[r]), g, w[r]);
      }
    }
    for (std::size_t r = 0; r < some; ++r)
      for (const std::uint32_t base : block.split.base_row)
        FoldRow(hn::Mul(w[r], two), ket, bra, (base + block.split.offset_row[first + r]) * n, add);
  }
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
