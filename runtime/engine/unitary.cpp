#include "runtime/engine/unitary.h"

#include <algorithm>
#include <bit>

#include "runtime/engine/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/engine/unitary.cpp"
#include "hwy/foreach_target.h"
//
#include "hwy/highway.h"
#include "runtime/engine/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// Columns of the identity as the "samples" of a sub-tile.
template <class Real>
void LoadIdentity(std::size_t size, std::size_t first, State<Real> state) {
  constexpr std::size_t n = lanes<Real>;
  std::fill_n(state.re, rows(std::bit_width(size) - 1) * n, Real(0));
  for (std::size_t lane = 0; lane < n && first + lane < size; ++lane)
    state.re[row(static_cast<std::uint32_t>(first + lane)) * n + lane] = Real(1);
}

/// Between a state [rows][lanes] and the columns [first, first + lanes) of a matrix.
template <class Real>
void CopyOut(State<Real> state, std::size_t first, MatrixView<Real> m) {
  constexpr std::size_t n = lanes<Real>;
  for (std::uint32_t r = 0; r < m.size; ++r) {
    std::copy_n(state.re + row(r) * n, n, m.re + r * m.stride + first);
    if (state.im)
      std::copy_n(state.im + row(r) * n, n, m.im + r * m.stride + first);
    else
      std::fill_n(m.im + r * m.stride + first, n, Real(0));
  }
}
template <class Real>
void CopyIn(MatrixView<Real> m, std::size_t first, State<Real> state) {
  constexpr std::size_t n = lanes<Real>;
  for (std::uint32_t r = 0; r < m.size; ++r) {
    std::copy_n(m.re + r * m.stride + first, n, state.re + row(r) * n);
    if (state.im) std::copy_n(m.im + r * m.stride + first, n, state.im + row(r) * n);
  }
}

template <class Real>
std::size_t BlockWorkspace(const Bound<Real>& bound) {
  Layout<Real> layout;
  return MakeLayout<Real>(bound, true, nullptr, layout);
}

template <class Real>
void BlockMatrix(const Bound<Real>& bound, MatrixView<Real> out, Real* workspace) {
  thread_local Layout<Real> layout;
  MakeLayout(bound, true, workspace, layout);
  Prepare(bound, TileData<Real>{}, layout);
  for (std::size_t first = 0; first < out.stride; first += lanes<Real>) {
    LoadIdentity(out.size, first, layout.shared.back());
    SubTile<Real> part(bound, TileData<Real>{}, nullptr, layout,
                       static_cast<int>(first % tile / lanes<Real>));
    CopyOut(part.forward_block(bound.program->blocks[0]), first, out);
  }
}

template <class Real>
void BlockGradient(const Bound<Real>& bound, MatrixView<Real> bra, UnitSums<Real>& sums, Real* workspace) {
  thread_local Layout<Real> layout;
  MakeLayout(bound, true, workspace, layout);
  Prepare(bound, TileData<Real>{}, layout);
  const BlockProgram& block = bound.program->blocks[0];
  if (block.layers.empty()) return;
  for (std::size_t first = 0; first < bra.stride; first += lanes<Real>) {
    const std::size_t sub = first % tile / lanes<Real>;
    LoadIdentity(bra.size, first, layout.shared.back());
    SubTile<Real> part(bound, TileData<Real>{}, &sums, layout, static_cast<int>(sub));
    const State<Real> ket = part.forward_block(block);
    const State<Real> at_output{layout.bra_block.re, ket.im ? layout.bra_block.im : nullptr};
    CopyIn(bra, first, at_output);
    part.backward_block(block, at_output, true);
    if (sub + 1 < tile / lanes<Real>) continue;
    for (std::size_t g = 0; g < sums.gate.size(); ++g)
      sums.gate[g] += TileSum(layout.prepared.gradients + g * tile);
  }
}

/// 16 chains: column a belongs to chain a mod 16, whatever the width of a register.
template <class Real>
struct Chains {
  Vec<Real> sum[tile / lanes<Real>];
  HWY_INLINE void clear() {
    for (auto& one : sum) one = hn::Zero(Tag<Real>());
  }
  HWY_INLINE double total() const {
    HWY_ALIGN Real x[tile];
    for (std::size_t i = 0; i < tile / lanes<Real>; ++i) hn::Store(sum[i], Tag<Real>(), x + i * lanes<Real>);
    return TileSum(x);
  }
};

template <class Real>
void Sandwich(const Real* diagonal, std::size_t a, MatrixView<Real> m, Real* re, Real* im) {
  const Tag<Real> d;
  constexpr std::size_t width = lanes<Real>;
  const std::size_t first = a / width * width;
  for (std::size_t b = first; b < m.stride; b += width) {
    auto x = hn::Zero(d), y = hn::Zero(d);
    for (std::size_t r = 0; r < m.size; ++r) {
      const auto p = hn::Set(d, diagonal[r] * m.re[r * m.stride + a]),
                 q = hn::Set(d, diagonal[r] * m.im[r * m.stride + a]);
      const auto u = hn::Load(d, m.re + r * m.stride + b), v = hn::Load(d, m.im + r * m.stride + b);
      x = hn::MulAdd(p, u, hn::MulAdd(q, v, x));
      y = hn::MulAdd(p, v, hn::NegMulAdd(q, u, y));
    }
    hn::Store(x, d, re + b);
    hn::Store(y, d, im + b);
  }
}

template <class Real>
void Weigh(const Real* diagonal, MatrixView<Real> m, MatrixView<Real> gamma, MatrixView<Real> bra,
           double* populations, Real* row) {
  const Tag<Real> d;
  constexpr std::size_t width = lanes<Real>;
  Real *x = row, *y = row + m.stride;
  for (std::size_t r = 0; r < m.size; ++r) {
    for (std::size_t a = 0; a < m.stride; a += width) {
      auto p = hn::Zero(d), q = hn::Zero(d);
      for (std::size_t c = 0; c < m.size; ++c) {
        const auto vr = hn::Set(d, m.re[r * m.stride + c]), vi = hn::Set(d, m.im[r * m.stride + c]);
        const auto gr = hn::Load(d, gamma.re + c * m.stride + a),
                   gi = hn::Load(d, gamma.im + c * m.stride + a);
        p = hn::NegMulAdd(vi, gi, hn::MulAdd(vr, gr, p));
        q = hn::MulAdd(vi, gr, hn::MulAdd(vr, gi, q));
      }
      hn::Store(p, d, x + a);
      hn::Store(q, d, y + a);
    }
    Chains<Real> chains;
    chains.clear();
    const auto twice = hn::Set(d, Real(2) * diagonal[r]);
    for (std::size_t a = 0; a < m.stride; a += width) {
      auto& sum = chains.sum[a / width % (tile / width)];
      const std::size_t at = r * m.stride + a;
      const auto p = hn::Load(d, x + a), q = hn::Load(d, y + a);
      sum = hn::MulAdd(p, hn::Load(d, m.re + at), hn::MulAdd(q, hn::Load(d, m.im + at), sum));
      hn::Store(hn::MulAdd(twice, p, hn::Load(d, bra.re + at)), d, bra.re + at);
      hn::Store(hn::MulAdd(twice, q, hn::Load(d, bra.im + at)), d, bra.im + at);
    }
    populations[r] += chains.total();
  }
}

template <class Real>
const UnitaryKernels<Real>* Table() {
  static const UnitaryKernels<Real> table{
      static_cast<int>(lanes<Real>), BlockWorkspace<Real>, BlockMatrix<Real>,
      BlockGradient<Real>,           Sandwich<Real>,       Weigh<Real>};
  return &table;
}
const UnitaryKernels<float>* FloatUnitaries() { return Table<float>(); }
const UnitaryKernels<double>* DoubleUnitaries() { return Table<double>(); }

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qmtl::engine {
HWY_EXPORT(FloatUnitaries);
HWY_EXPORT(DoubleUnitaries);
template <>
const UnitaryKernels<float>& unitary_kernels<float>() {
  static const UnitaryKernels<float>& table = *HWY_DYNAMIC_DISPATCH(FloatUnitaries)();
  return table;
}
template <>
const UnitaryKernels<double>& unitary_kernels<double>() {
  static const UnitaryKernels<double>& table = *HWY_DYNAMIC_DISPATCH(DoubleUnitaries)();
  return table;
}
}  // namespace qmtl::engine
#endif
