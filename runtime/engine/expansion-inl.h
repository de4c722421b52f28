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

/// The samples of one SIMD register.
template <class Real>
void RunExpansionPart(const BoundExpansion<Real>& bound, const TileData<Real>& data, Real* coefficient_sums,
                      const ExpansionLayout<Real>& at, std::size_t offset) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const std::size_t angles = bound.constant.size(), nodes = bound.nodes.size();
  for (std::size_t i = 0; i < angles; ++i) {
    Vec<Real> x = hn::Set(d, bound.constant[i]), s, c;
    for (const int term : bound.sample_terms[i])
      x = hn::Add(x, hn::Load(d, data.angles + term * tile + offset));
    SinCos(x, s, c);
    hn::Store(c, d, at.factors + 2 * i * n);
    hn::Store(s, d, at.factors + (2 * i + 1) * n);
  }
  hn::Store(hn::Set(d, Real(1)), d, at.nodes);
  for (std::size_t i = 1; i < nodes; ++i) {
    const PauliNode node = bound.nodes[i];
    hn::Store(hn::Mul(hn::Load(d, at.nodes + node.parent * n), hn::Load(d, at.factors + node.factor * n)), d,
              at.nodes + i * n);
  }
  for (std::size_t v = 0; v < bound.columns.size(); ++v) {
    Vec<Real> even = hn::Zero(d), odd = even;
    int t = bound.first[v];
    const int end = bound.first[v + 1];
    for (; t + 2 <= end; t += 2) {
      even =
          hn::MulAdd(hn::Set(d, bound.coefficients[t]), hn::Load(d, at.nodes + bound.term_node[t] * n), even);
      odd = hn::MulAdd(hn::Set(d, bound.coefficients[t + 1]),
                       hn::Load(d, at.nodes + bound.term_node[t + 1] * n), odd);
    }
    if (t < end)
      even =
          hn::MulAdd(hn::Set(d, bound.coefficients[t]), hn::Load(d, at.nodes + bound.term_node[t] * n), even);
    hn::Store(hn::Add(even, odd), d, data.values + bound.columns[v] * tile + offset);
  }
  if (!coefficient_sums) return;

  std::fill_n(at.node_bars, nodes * n, Real(0));
  std::fill_n(at.factor_bars, 2 * angles * n, Real(0));
  for (std::size_t v = 0; v < bound.columns.size(); ++v) {
    const Vec<Real> g = hn::Load(d, data.cotangents + bound.columns[v] * tile + offset);
    for (int t = bound.first[v]; t < bound.first[v + 1]; ++t) {
      const std::size_t node = bound.term_node[t] * n;
      Real* sum = coefficient_sums + row(static_cast<std::uint32_t>(t)) * n;
      hn::Store(hn::MulAdd(g, hn::Load(d, at.nodes + node), hn::Load(d, sum)), d, sum);
      hn::Store(hn::MulAdd(hn::Set(d, bound.coefficients[t]), g, hn::Load(d, at.node_bars + node)), d,
                at.node_bars + node);
    }
  }
  for (std::size_t i = nodes; i-- > 1;) {
    const std::size_t parent = bound.nodes[i].parent * n, factor = bound.nodes[i].factor * n;
    const Vec<Real> bar = hn::Load(d, at.node_bars + i * n);
    hn::Store(hn::MulAdd(bar, hn::Load(d, at.nodes + parent), hn::Load(d, at.factor_bars + factor)), d,
              at.factor_bars + factor);
    hn::Store(hn::MulAdd(bar, hn::Load(d, at.factors + factor), hn::Load(d, at.node_bars + parent)), d,
              at.node_bars + parent);
  }
  for (std::size_t i = 0; i < angles; ++i) {
    const Real *f = at.factors + 2 * i * n, *b = at.factor_bars + 2 * i * n;
    const Vec<Real> gradient =
        hn::NegMulAdd(hn::Load(d, b), hn::Load(d, f + n), hn::Mul(hn::Load(d, b + n), hn::Load(d, f)));
    hn::Store(gradient, d, at.gradients + i * tile + offset);
    for (const int term : bound.sample_terms[i]) {
      Real* to = data.angle_gradients + term * tile + offset;
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
