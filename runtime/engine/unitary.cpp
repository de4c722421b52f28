// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/unitary.h"

#include <algorithm>
#include <bit>

#include "runtime/engine/targets.h"
//
#include "hwy/highway.h"
#include "runtime/engine/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// Between a state [rows][lanes] and the columns [first, first + lanes) of a matrix.
template <class Real>
void CopyOut(State<Real> state, std::size_t first, MatrixView<Real> m) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  for (std::uint32_t r = 0; r < m.size; ++r) {
    hn::Store(hn::Load(d, state.re + row(r) * n), d, m.re + r * m.stride + first);
    hn::Store(state.im ? hn::Load(d, state.im + row(r) * n) : hn::Zero(d), d, m.im + r * m.stride + first);
  }
}
template <class Real>
void CopyIn(MatrixView<Real> m, std::size_t first, State<Real> state) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  for (std::uint32_t r = 0; r < m.size; ++r) {
    hn::Store(hn::Load(d, m.re + r * m.stride + first), d, state.re + row(r) * n);
    if (state.im) hn::Store(hn::Load(d, m.im + r * m.stride + first), d, state.im + row(r) * n);
  }
}

/// A block alone starts from the identity, which is real; other matrices have both parts.
template <class Real>
std::size_t BlockWorkspace(const Bound<Real>& bound) {
  Layout<Real> layout;
  return MakeLayout<Real>(bound, true, nullptr, layout);
}

template <class Real>
void ApplyBlock(const Bound<Real>& bound, MatrixView<Real> in, MatrixView<Real> out, Real* workspace) {
  thread_local Layout<Real> layout;
  MakeLayout(bound, true, workspace, layout);
  Prepare(bound, TileData<Real>{}, layout);
  for (std::size_t first = 0; first < out.stride; first += lanes<Real>) {
    SubTile<Real> part(bound, TileData<Real>{}, nullptr, layout,
                       static_cast<int>(first % tile / lanes<Real>));
    CopyIn(in, first, part.last_shared());
    CopyOut(part.forward_block(bound.program->blocks[0]), first, out);
  }
}

template <class Real>
void BlockGradient(const Bound<Real>& bound, MatrixView<Real> start, MatrixView<Real> bra,
                   UnitSums<Real>& sums, Real* workspace) {
  thread_local Layout<Real> layout;
  MakeLayout(bound, true, workspace, layout);
  Prepare(bound, TileData<Real>{}, layout);
  const BlockProgram& block = bound.program->blocks[0];
  if (block.layers.empty()) return;
  for (std::size_t first = 0; first < bra.stride; first += lanes<Real>) {
    const std::size_t sub = first % tile / lanes<Real>;
    SubTile<Real> part(bound, TileData<Real>{}, &sums, layout, static_cast<int>(sub));
    CopyIn(start, first, part.last_shared());
    const State<Real> ket = part.forward_block(block);
    const State<Real> at_output{layout.bra_block.re, ket.im ? layout.bra_block.im : nullptr};
    CopyIn(bra, first, at_output);
    part.backward_block(block, at_output, true);
    if (sub + 1 < tile / lanes<Real>) continue;
    for (std::size_t g = 0; g < sums.gate.size(); ++g)
      sums.gate[g] += TileSum(layout.prepared.gradients + g * tile) * (bound.program->turn_of[g] < 0 ? 1 : 2);
  }
}

/// Rows a .. a + Rows - 1 of the result: several at a time hide the latency of the fused multiply-add.
template <std::size_t Rows, class Real>
void SandwichRows(const Real* diagonal, std::size_t a, MatrixView<Real> m, MatrixView<Real> out) {
  const Tag<Real> d;
  constexpr std::size_t width = lanes<Real>;
  for (std::size_t b = a / width * width; b < m.stride; b += width) {
    Vec<Real> x[Rows], y[Rows];
    for (std::size_t i = 0; i < Rows; ++i) x[i] = y[i] = hn::Zero(d);
    for (std::size_t r = 0; r < m.size; ++r) {
      const Real *re = m.re + r * m.stride, *im = m.im + r * m.stride;
      const auto scale = hn::Set(d, diagonal[r]);
      const auto u = hn::Mul(scale, hn::Load(d, re + b)), v = hn::Mul(scale, hn::Load(d, im + b));
#pragma GCC unroll 4
      for (std::size_t i = 0; i < Rows; ++i) {
        const auto p = hn::Set(d, re[a + i]), q = hn::Set(d, im[a + i]);
        x[i] = hn::MulAdd(p, u, hn::MulAdd(q, v, x[i]));
        y[i] = hn::MulAdd(p, v, hn::NegMulAdd(q, u, y[i]));
      }
    }
    for (std::size_t i = 0; i < Rows; ++i) {
      hn::Store(x[i], d, out.re + (a + i) * m.stride + b);
      hn::Store(y[i], d, out.im + (a + i) * m.stride + b);
    }
  }
}

template <class Real>
void Sandwich(const Real* diagonal, MatrixView<Real> m, MatrixView<Real> out) {
  if (m.size == 2) return SandwichRows<2>(diagonal, 0, m, out);
  for (std::size_t a = 0; a < m.size; a += 4) SandwichRows<4>(diagonal, a, m, out);
}

template <class Real>
void ScaleRows(const Real* diagonal, MatrixView<Real> m, MatrixView<Real> bra, bool add) {
  const Tag<Real> d;
  for (std::size_t r = 0; r < m.size; ++r) {
    const auto twice = hn::Set(d, Real(2) * diagonal[r]);
    for (std::size_t a = r * m.stride; a < (r + 1) * m.stride; a += lanes<Real>) {
      const auto x = hn::Load(d, m.re + a), y = hn::Load(d, m.im + a);
      hn::Store(add ? hn::MulAdd(twice, x, hn::Load(d, bra.re + a)) : hn::Mul(twice, x), d, bra.re + a);
      hn::Store(add ? hn::MulAdd(twice, y, hn::Load(d, bra.im + a)) : hn::Mul(twice, y), d, bra.im + a);
    }
  }
}

/// Column a belongs to chain a mod 16, whatever the width of a register.
template <class Real>
void RowProducts(MatrixView<Real> m, MatrixView<Real> v, double* populations) {
  const Tag<Real> d;
  constexpr std::size_t width = lanes<Real>;
  for (std::size_t r = 0; r < m.size; ++r) {
    HWY_ALIGN Real chains[tile] = {};
    for (std::size_t a = 0; a < m.stride; a += width) {
      const std::size_t at = r * m.stride + a;
      Real* chain = chains + a % tile;
      hn::Store(hn::MulAdd(hn::Load(d, m.re + at), hn::Load(d, v.re + at),
                           hn::MulAdd(hn::Load(d, m.im + at), hn::Load(d, v.im + at), hn::Load(d, chain))),
                d, chain);
    }
    populations[r] = TileSum(chains);
  }
}

template <class Real>
const UnitaryKernels<Real>& Table() {
  static const UnitaryKernels<Real> table{{static_cast<int>(lanes<Real>), SumRows<Real>, nullptr},
                                          BlockWorkspace<Real>,
                                          ApplyBlock<Real>,
                                          BlockGradient<Real>,
                                          Sandwich<Real>,
                                          ScaleRows<Real>,
                                          RowProducts<Real>};
  return table;
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

namespace qmtl::engine {
template <>
const UnitaryKernels<float>& unitary_kernels<SimdTarget::QMTL_SIMD_TARGET, float>() {
  return HWY_NAMESPACE::Table<float>();
}
template <>
const UnitaryKernels<double>& unitary_kernels<SimdTarget::QMTL_SIMD_TARGET, double>() {
  return HWY_NAMESPACE::Table<double>();
}
}  // namespace qmtl::engine
