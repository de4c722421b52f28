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
using Wide = hn::CappedTag<double, 8>;
constexpr std::size_t width = hn::MaxLanes(Wide());

/// Columns of the identity as the "samples" of a sub-tile.
void LoadIdentity(std::size_t size, std::size_t first, State<double> state) {
  constexpr std::size_t n = lanes<double>;
  std::fill_n(state.re, rows(std::bit_width(size) - 1) * n, 0.0);
  for (std::size_t lane = 0; lane < n && first + lane < size; ++lane)
    state.re[row(static_cast<std::uint32_t>(first + lane)) * n + lane] = 1.0;
}

/// Between a state [rows][lanes] and the columns [first, first + lanes) of a matrix.
void CopyOut(State<double> state, std::size_t first, MatrixView m) {
  constexpr std::size_t n = lanes<double>;
  for (std::uint32_t r = 0; r < m.size; ++r) {
    std::copy_n(state.re + row(r) * n, n, m.re + r * m.stride + first);
    if (state.im)
      std::copy_n(state.im + row(r) * n, n, m.im + r * m.stride + first);
    else
      std::fill_n(m.im + r * m.stride + first, n, 0.0);
  }
}
void CopyIn(MatrixView m, std::size_t first, State<double> state) {
  constexpr std::size_t n = lanes<double>;
  for (std::uint32_t r = 0; r < m.size; ++r) {
    std::copy_n(m.re + r * m.stride + first, n, state.re + row(r) * n);
    if (state.im) std::copy_n(m.im + r * m.stride + first, n, state.im + row(r) * n);
  }
}

std::size_t BlockWorkspace(const Bound<double>& bound) {
  Layout<double> layout;
  return MakeLayout<double>(bound, true, nullptr, layout);
}

void BlockMatrix(const Bound<double>& bound, MatrixView out, double* workspace) {
  thread_local Layout<double> layout;
  MakeLayout(bound, true, workspace, layout);
  Prepare(bound, TileData<double>{}, layout);
  for (std::size_t first = 0; first < out.stride; first += lanes<double>) {
    LoadIdentity(out.size, first, layout.shared.back());
    SubTile<double> part(bound, TileData<double>{}, nullptr, layout,
                         static_cast<int>(first % tile / lanes<double>));
    CopyOut(part.forward_block(bound.program->blocks[0]), first, out);
  }
}

void BlockGradient(const Bound<double>& bound, MatrixView bra, UnitSums<double>& sums, double* workspace) {
  thread_local Layout<double> layout;
  MakeLayout(bound, true, workspace, layout);
  Prepare(bound, TileData<double>{}, layout);
  const BlockProgram& block = bound.program->blocks[0];
  if (block.layers.empty()) return;
  for (std::size_t first = 0; first < bra.stride; first += lanes<double>) {
    const std::size_t sub = first % tile / lanes<double>;
    LoadIdentity(bra.size, first, layout.shared.back());
    SubTile<double> part(bound, TileData<double>{}, &sums, layout, static_cast<int>(sub));
    const State<double> ket = part.forward_block(block);
    const State<double> at_output{layout.bra_block.re, ket.im ? layout.bra_block.im : nullptr};
    CopyIn(bra, first, at_output);
    part.backward_block(block, at_output, true);
    if (sub + 1 < tile / lanes<double>) continue;
    for (std::size_t g = 0; g < sums.gate.size(); ++g)
      sums.gate[g] += TileSum(layout.prepared.gradients + g * tile);
  }
}

/// Eight chains: column a belongs to chain a mod 8, whatever the width of a register.
struct Chains {
  hn::Vec<Wide> sum[8 / width];
  HWY_INLINE void clear() {
    for (auto& one : sum) one = hn::Zero(Wide());
  }
  HWY_INLINE double total() const {
    HWY_ALIGN double x[8];
    for (std::size_t i = 0; i < 8 / width; ++i) hn::Store(sum[i], Wide(), x + i * width);
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
  }
};

void Sandwich(const double* diagonal, std::size_t a, MatrixView m, double* re, double* im) {
  const Wide d;
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

void Weigh(const double* diagonal, MatrixView m, MatrixView gamma, MatrixView bra, double* populations,
           double* row) {
  const Wide d;
  double *x = row, *y = row + m.stride;
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
    Chains chains;
    chains.clear();
    const auto twice = hn::Set(d, 2 * diagonal[r]);
    for (std::size_t a = 0; a < m.stride; a += width) {
      auto& sum = chains.sum[a / width % (8 / width)];
      const std::size_t at = r * m.stride + a;
      const auto p = hn::Load(d, x + a), q = hn::Load(d, y + a);
      sum = hn::MulAdd(p, hn::Load(d, m.re + at), hn::MulAdd(q, hn::Load(d, m.im + at), sum));
      hn::Store(hn::MulAdd(twice, p, hn::Load(d, bra.re + at)), d, bra.re + at);
      hn::Store(hn::MulAdd(twice, q, hn::Load(d, bra.im + at)), d, bra.im + at);
    }
    populations[r] += chains.total();
  }
}

const UnitaryKernels* UnitaryTable() {
  static const UnitaryKernels table{
      static_cast<int>(lanes<double>), BlockWorkspace, BlockMatrix, BlockGradient, Sandwich, Weigh};
  return &table;
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qmtl::engine {
HWY_EXPORT(UnitaryTable);
const UnitaryKernels& unitary_kernels() {
  static const UnitaryKernels& table = *HWY_DYNAMIC_DISPATCH(UnitaryTable)();
  return table;
}
}  // namespace qmtl::engine
#endif
