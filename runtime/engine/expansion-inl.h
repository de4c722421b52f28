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

template <class Real>
struct ExpansionLayout {
  Real *factors, *factor_bars;  ///< [2 * sample angles][lanes]: cosine, sine
  Real *nodes, *node_bars;      ///< [nodes][lanes]
  Real* gradients;              ///< [sample angles][16]
};

template <class Real>
std::size_t ExpansionWorkspace(const BoundExpansion<Real>& bound) {
  return 4 * lanes<Real> * (bound.constant.size() + 1) + 2 * lanes<Real> * bound.nodes.size() +
         tile * bound.constant.size();
}

/// The samples of one SIMD register. Vector stores may alias anything: what the loops need is held in locals.
template <class Real>
void RunExpansionPart(const BoundExpansion<Real>& bound, const TileData<Real>& data, Real* coefficient_sums,
                      const ExpansionLayout<Real>& layout, std::size_t offset) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const ExpansionLayout<Real> at = layout;
  const std::size_t angles = bound.constant.size(), nodes = bound.nodes.size(), values = bound.columns.size();
  for (std::size_t i = 0; i < angles; ++i) {
    Vec<Real> x = hn::Set(d, bound.constant[i]), s, c;
    for (const int term : bound.sample_terms[i])
      x = hn::Add(x, hn::Load(d, data.angles + term * tile + offset));
    SinCos(x, s, c);
    hn::Store(c, d, at.factors + 2 * i * n);
    hn::Store(s, d, at.factors + (2 * i + 1) * n);
  }
  const PauliNode* node_list = bound.nodes.data();
  hn::Store(hn::Set(d, Real(1)), d, at.nodes);
  for (std::size_t i = 1; i < nodes; ++i) {
    const PauliNode node = node_list[i];
    hn::Store(hn::Mul(hn::Load(d, at.nodes + node.parent * n), hn::Load(d, at.factors + node.factor * n)), d,
              at.nodes + i * n);
  }
  const Real* coefficients = bound.coefficients.data();
  const int *first = bound.first.data(), *term_node = bound.term_node.data(), *columns = bound.columns.data();
  Real* out = data.values + offset;
  for (std::size_t v = 0; v < values; ++v) {
    Vec<Real> even = hn::Zero(d), odd = even;
    int t = first[v];
    const int end = first[v + 1];
    for (; t + 2 <= end; t += 2) {
      even = hn::MulAdd(hn::Set(d, coefficients[t]), hn::Load(d, at.nodes + term_node[t] * n), even);
      odd = hn::MulAdd(hn::Set(d, coefficients[t + 1]), hn::Load(d, at.nodes + term_node[t + 1] * n), odd);
    }
    if (t < end)
      even = hn::MulAdd(hn::Set(d, coefficients[t]), hn::Load(d, at.nodes + term_node[t] * n), even);
    hn::Store(hn::Add(even, odd), d, out + columns[v] * tile);
  }
  if (!coefficient_sums) return;

  std::fill_n(at.node_bars, nodes * n, Real(0));
  std::fill_n(at.factor_bars, 2 * angles * n, Real(0));
  const int* node_first = bound.node_first.data();
  const auto* node_terms = bound.node_terms.data();
  const Real* cotangents = data.cotangents + offset;
  for (std::size_t i = nodes; i-- > 0;) {
    const Vec<Real> value = hn::Load(d, at.nodes + i * n);
    Vec<Real> bar = hn::Load(d, at.node_bars + i * n);
    for (int t = node_first[i]; t < node_first[i + 1]; ++t) {
      const auto [term, column] = node_terms[t];
      const Vec<Real> g = hn::Load(d, cotangents + column * tile);
      Real* sum = coefficient_sums + row(static_cast<std::uint32_t>(term)) * n;
      hn::Store(hn::MulAdd(g, value, hn::Load(d, sum)), d, sum);
      bar = hn::MulAdd(hn::Set(d, coefficients[term]), g, bar);
    }
    if (i == 0) break;
    const std::size_t parent = node_list[i].parent * n, factor = node_list[i].factor * n;
    hn::Store(hn::MulAdd(bar, hn::Load(d, at.nodes + parent), hn::Load(d, at.factor_bars + factor)), d,
              at.factor_bars + factor);
    hn::Store(hn::MulAdd(bar, hn::Load(d, at.factors + factor), hn::Load(d, at.node_bars + parent)), d,
              at.node_bars + parent);
  }
  Real* angle_gradients = data.angle_gradients + offset;
  for (std::size_t i = 0; i < angles; ++i) {
    const Real *f = at.factors + 2 * i * n, *b = at.factor_bars + 2 * i * n;
    const Vec<Real> gradient =
        hn::NegMulAdd(hn::Load(d, b), hn::Load(d, f + n), hn::Mul(hn::Load(d, b + n), hn::Load(d, f)));
    hn::Store(gradient, d, at.gradients + i * tile + offset);
    for (const int term : bound.sample_terms[i]) {
      Real* to = angle_gradients + term * tile;
      hn::Store(hn::Add(hn::Load(d, to), gradient), d, to);
    }
  }
}

template <class Real>
void RunExpansion(const BoundExpansion<Real>& bound, const TileData<Real>& data, UnitSums<Real>* sums,
                  Real* workspace) {
  constexpr std::size_t n = lanes<Real>;
  const std::size_t angles = bound.constant.size();
  ExpansionLayout<Real> at;
  at.factors = workspace;
  at.factor_bars = at.factors + 2 * angles * n;
  at.nodes = at.factor_bars + 2 * angles * n;
  at.node_bars = at.nodes + bound.nodes.size() * n;
  at.gradients = at.node_bars + bound.nodes.size() * n;
  for (std::size_t sub = 0; sub < tile / n; ++sub)
    RunExpansionPart(bound, data, sums ? sums->phase.data() + sub * (sums->phase.size() * n / tile) : nullptr,
                     at, sub * n);
  if (!sums) return;
  for (std::size_t i = 0; i < angles; ++i) sums->gate[i] += TileSum(at.gradients + i * tile);
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
