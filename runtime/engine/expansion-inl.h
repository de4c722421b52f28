// SPDX-License-Identifier: Apache-2.0
// How one tile of 16 samples runs through a Pauli expansion, compiled once per instruction set.
#if defined(QMTL_ENGINE_EXPANSION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_EXPANSION_INL_H_
#undef QMTL_ENGINE_EXPANSION_INL_H_
#else
#define QMTL_ENGINE_EXPANSION_INL_H_
#endif

#include <algorithm>

#include "runtime/engine/kernels.h"
#include "runtime/engine/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// Registers of samples that run side by side: they share the reading of terms and their coefficients.
template <class Real>
inline constexpr std::size_t expansion_registers = tile / lanes<Real> > 1 ? 2 : 1;
template <class Real>
inline constexpr std::size_t expansion_samples = expansion_registers<Real>* lanes<Real>;

template <class Real>
struct ExpansionLayout {
  Real *factors, *factor_bars;  ///< [2 * sample angles][samples]: cosine, sine
  Real *nodes, *node_bars;      ///< [nodes][samples]
  Real* gradients;              ///< [sample angles][16]
};

template <class Real>
std::size_t ExpansionWorkspace(const BoundExpansion<Real>& bound) {
  constexpr std::size_t samples = expansion_samples<Real>;
  return 4 * samples * (bound.constant.size() + 1) + 2 * samples * bound.nodes.size() +
         tile * bound.constant.size();
}

/// Factors, nodes and values of some samples of a tile from `offset`. Vector stores may alias anything: what
/// the loops need is held in locals.
template <class Real>
void ExpansionForward(const BoundExpansion<Real>& bound, const TileData<Real>& data,
                      const ExpansionLayout<Real>& layout, std::size_t offset) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>, registers = expansion_registers<Real>,
                        samples = expansion_samples<Real>;
  const ExpansionLayout<Real> at = layout;
  const std::size_t angles = bound.constant.size(), nodes = bound.nodes.size(), values = bound.columns.size();
  for (std::size_t i = 0; i < angles; ++i)
    for (std::size_t r = 0; r < registers; ++r) {
      Vec<Real> x = hn::Set(d, bound.constant[i]), s, c;
      for (const int term : bound.sample_terms[i])
        x = hn::Add(x, hn::Load(d, data.angles + term * tile + offset + r * n));
      SinCos(x, s, c);
      hn::Store(c, d, at.factors + 2 * i * samples + r * n);
      hn::Store(s, d, at.factors + (2 * i + 1) * samples + r * n);
    }
  const PauliNode* node_list = bound.nodes.data();
  for (std::size_t r = 0; r < registers; ++r) hn::Store(hn::Set(d, Real(1)), d, at.nodes + r * n);
  for (std::size_t i = 1; i < nodes; ++i) {
    const PauliNode node = node_list[i];
    const Real *parent = at.nodes + node.parent * samples, *factor = at.factors + node.factor * samples;
    for (std::size_t r = 0; r < registers; ++r)
      hn::Store(hn::Mul(hn::Load(d, parent + r * n), hn::Load(d, factor + r * n)), d,
                at.nodes + i * samples + r * n);
  }
  const Real* coefficients = bound.coefficients.data();
  const int *first = bound.first.data(), *term_node = bound.term_node.data(), *columns = bound.columns.data();
  Real* out = data.values + offset;
  for (std::size_t v = 0; v < values; ++v) {
    Vec<Real> even[registers], odd[registers];
    for (std::size_t r = 0; r < registers; ++r) even[r] = odd[r] = hn::Zero(d);
    int t = first[v];
    const int end = first[v + 1];
    const auto add = [&](int term, Vec<Real>* to) HWY_ATTR {
      const Vec<Real> coefficient = hn::Set(d, coefficients[term]);
      const Real* node = at.nodes + term_node[term] * samples;
      for (std::size_t r = 0; r < registers; ++r)
        to[r] = hn::MulAdd(coefficient, hn::Load(d, node + r * n), to[r]);
    };
    for (; t + 2 <= end; t += 2) {
      add(t, even);
      add(t + 1, odd);
    }
    if (t < end) add(t, even);
    for (std::size_t r = 0; r < registers; ++r)
      hn::Store(hn::Add(even[r], odd[r]), d, out + columns[v] * tile + r * n);
  }
}

/// Behind it, gradients. `sums`: the coefficients' of the first register; the others' are `stride` further
/// each.
template <class Real>
void ExpansionGradient(const BoundExpansion<Real>& bound, const TileData<Real>& data, Real* sums,
                       std::size_t stride, const ExpansionLayout<Real>& layout, std::size_t offset) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>, registers = expansion_registers<Real>,
                        samples = expansion_samples<Real>;
  const ExpansionLayout<Real> at = layout;
  const std::size_t angles = bound.constant.size(), nodes = bound.nodes.size();
  const PauliNode* node_list = bound.nodes.data();
  const Real* coefficients = bound.coefficients.data();
  std::fill_n(at.node_bars, nodes * samples, Real(0));
  std::fill_n(at.factor_bars, 2 * angles * samples, Real(0));
  const int* node_first = bound.node_first.data();
  const auto* node_terms = bound.node_terms.data();
  const Real* cotangents = data.cotangents + offset;
  for (std::size_t i = nodes; i-- > 0;) {
    Vec<Real> value[registers], bar[registers];
    for (std::size_t r = 0; r < registers; ++r) {
      value[r] = hn::Load(d, at.nodes + i * samples + r * n);
      bar[r] = hn::Load(d, at.node_bars + i * samples + r * n);
    }
    for (int t = node_first[i]; t < node_first[i + 1]; ++t) {
      const auto [term, column] = node_terms[t];
      const Vec<Real> coefficient = hn::Set(d, coefficients[term]);
      for (std::size_t r = 0; r < registers; ++r) {
        const Vec<Real> g = hn::Load(d, cotangents + column * tile + r * n);
        Real* sum = sums + r * stride + row(static_cast<std::uint32_t>(term)) * n;
        hn::Store(hn::MulAdd(g, value[r], hn::Load(d, sum)), d, sum);
        bar[r] = hn::MulAdd(coefficient, g, bar[r]);
      }
    }
    if (i == 0) break;
    const std::size_t parent = node_list[i].parent * samples, factor = node_list[i].factor * samples;
    for (std::size_t r = 0; r < registers; ++r) {
      Real *factor_bar = at.factor_bars + factor + r * n, *node_bar = at.node_bars + parent + r * n;
      hn::Store(hn::MulAdd(bar[r], hn::Load(d, at.nodes + parent + r * n), hn::Load(d, factor_bar)), d,
                factor_bar);
      hn::Store(hn::MulAdd(bar[r], hn::Load(d, at.factors + factor + r * n), hn::Load(d, node_bar)), d,
                node_bar);
    }
  }
  Real* angle_gradients = data.angle_gradients + offset;
  for (std::size_t i = 0; i < angles; ++i)
    for (std::size_t r = 0; r < registers; ++r) {
      const Real *f = at.factors + 2 * i * samples + r * n, *b = at.factor_bars + 2 * i * samples + r * n;
      const Vec<Real> gradient = hn::NegMulAdd(hn::Load(d, b), hn::Load(d, f + samples),
                                               hn::Mul(hn::Load(d, b + samples), hn::Load(d, f)));
      hn::Store(gradient, d, at.gradients + i * tile + offset + r * n);
      for (const int term : bound.sample_terms[i]) {
        Real* to = angle_gradients + term * tile + r * n;
        hn::Store(hn::Add(hn::Load(d, to), gradient), d, to);
      }
    }
}

template <class Real>
void RunExpansion(const BoundExpansion<Real>& bound, const TileData<Real>& data, UnitSums<Real>* sums,
                  Real* workspace) {
  constexpr std::size_t n = lanes<Real>, samples = expansion_samples<Real>;
  const std::size_t angles = bound.constant.size();
  ExpansionLayout<Real> at;
  at.factors = workspace;
  at.factor_bars = at.factors + 2 * angles * samples;
  at.nodes = at.factor_bars + 2 * angles * samples;
  at.node_bars = at.nodes + bound.nodes.size() * samples;
  at.gradients = at.node_bars + bound.nodes.size() * samples;
  const std::size_t stride = sums ? sums->phase.size() * n / tile : 0;  // of a register's sums
  for (std::size_t offset = 0; offset < tile; offset += samples) {
    // What the forward run left is in its place where it ran all samples at once.
    if (!data.kept || !sums || samples < tile) ExpansionForward(bound, data, at, offset);
    if (sums) ExpansionGradient(bound, data, sums->phase.data() + offset / n * stride, stride, at, offset);
  }
  if (!sums) return;
  for (std::size_t i = 0; i < angles; ++i) sums->gate[i] += TileSum(at.gradients + i * tile);
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
