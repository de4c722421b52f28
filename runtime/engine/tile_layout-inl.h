// SPDX-License-Identifier: Apache-2.0
// Where a tile's data lies in the workspace, and its angles in the form the passes use. Compiled once per
// instruction set.
#if defined(QMTL_ENGINE_TILE_LAYOUT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_TILE_LAYOUT_INL_H_
#undef QMTL_ENGINE_TILE_LAYOUT_INL_H_
#else
#define QMTL_ENGINE_TILE_LAYOUT_INL_H_
#endif

#include <algorithm>

#include "runtime/engine/readout-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// Angles of one tile in the form the passes use, and where a tile's data lies in the workspace.
template <class Real>
struct Prepared {
  Real *tangents, *scales;          ///< [gates][16] (of a turn the sine), [passes][16]
  Real* turn_cosines;               ///< [turns][16]
  Real *product_sin, *product_cos;  ///< [qubits][16] of layer 0
  Real* gradients;                  ///< [gates][16]
  Real* product_gradients;          ///< [qubits][16]
  std::uint8_t* scaled;             ///< [passes]
};

constexpr std::size_t spare = 16 * tile;  // keeps arrays of equal length off the same cache sets

/// Hands out aligned parts of the workspace; with a null start it only counts.
template <class Real>
struct Arena {
  Real* start;
  std::size_t used = 0;
  Real* take(std::size_t count) {
    Real* at = start ? start + used : nullptr;
    used += (count + tile - 1) / tile * tile + spare;
    return at;
  }
};

template <class Real>
State<Real> TakeState(Arena<Real>& arena, std::size_t reals, bool complex) {
  State<Real> s;
  s.re = arena.take(reals);
  if (complex) s.im = arena.take(reals);
  return s;
}

template <class Real>
struct Layout {
  Prepared<Real> prepared;
  std::vector<State<Real>> shared, block;
  State<Real> bra, bra_block, scratch, mixed, product, product_bra;
  Real *prefix, *probability, *weights, *rho, *matrix, *transposed;
  bool kept = false;  ///< the states are those of the forward run (TileData::kept)
};

template <class Real>
void TakePrepared(const Program& program, Arena<Real>& arena, Prepared<Real>& p) {
  p.tangents = arena.take(program.gates * tile);
  p.scales = arena.take(program.passes * tile);
  p.turn_cosines = arena.take(program.turns * tile);
  p.product_sin = arena.take(program.qubits * tile);
  p.product_cos = arena.take(program.qubits * tile);
  p.gradients = arena.take(program.gates * tile);
  p.product_gradients = arena.take(program.qubits * tile);
  p.scaled = reinterpret_cast<std::uint8_t*>(arena.take(program.passes));
}

/// row_qubits: the qubits that are rows of a state.
template <class Real>
void TakeStates(const Bound<Real>& bound, bool gradient, int row_qubits, Arena<Real>& arena,
                Layout<Real>& layout) {
  const Program& program = *bound.program;
  constexpr std::size_t n = lanes<Real>;
  const std::size_t state = rows(row_qubits) * n;
  layout.shared.clear();
  layout.block.clear();
  // Forward alone needs two states in turn; the gradient keeps every layer's.
  for (std::size_t l = 0; l < program.shared.size(); ++l) {
    if (gradient || l < 2)
      layout.shared.push_back(
          TakeState(arena, state, gradient ? program.shared[l].complex : program.complex));
    else
      layout.shared.push_back(layout.shared[l - 2]);
  }
  for (int l = 0; l < program.block_layers; ++l) {
    if (gradient || l < 2)
      layout.block.push_back(TakeState(arena, state, program.complex));
    else
      layout.block.push_back(layout.block[l - 2]);
  }
  layout.prefix = arena.take((std::size_t{1} << row_qubits) * n);
  layout.probability = arena.take((std::size_t{1} << program.qubits) * n);
  if (gradient) {
    layout.bra = TakeState(arena, state, program.complex);
    layout.bra_block = TakeState(arena, state, program.complex);
    layout.scratch = TakeState(arena, state, program.complex);
  }
  if (program.products) {
    layout.product = TakeState(arena, state, program.complex);
    if (gradient) layout.product_bra = TakeState(arena, state, program.complex);
  }
  if (program.products || !bound.registers.empty()) layout.mixed = TakeState(arena, state, program.complex);
  if (!bound.registers.empty()) {
    std::size_t entries = 0, square = 0;
    for (const RegisterOperators<Real>& reg : bound.registers) {
      entries = std::max<std::size_t>(entries, reg.entries);
      square = std::max(square, std::size_t{2} << (2 * reg.k));
    }
    layout.rho = arena.take(entries * n * bound.registers.size());
    layout.weights = arena.take(entries * n);
    layout.matrix = arena.take(square * n);
    layout.transposed = arena.take((entries + n) * n);
  }
}

template <class Real>
std::size_t MakeLayout(const Bound<Real>& bound, bool gradient, Real* start, Layout<Real>& layout) {
  Arena<Real> arena{start};
  TakePrepared(*bound.program, arena, layout.prepared);
  TakeStates(bound, gradient, bound.program->qubits, arena, layout);
  return arena.used;
}

/// The tangent form leaves the product of the cosines to be multiplied in. The last pass of a layer does it;
/// before that a pass scales by a power of two (exact, so that no bit depends on whether it was needed) when
/// the numbers would leave the range of Real.
template <class Real>
void PrepareScales(const RyLayer& layer, const std::vector<Pass>& passes, std::size_t slot,
                   const Real* cosines, Prepared<Real>& p) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const Vec<Real> low = hn::Set(d, sizeof(Real) == 4 ? Real(1e-30) : Real(1e-250));
  std::fill_n(p.scaled + slot, passes.size(), std::uint8_t{0});
  for (std::size_t b = 0; b < tile; b += n) {
    Vec<Real> run = hn::Set(d, Real(1));
    for (std::size_t i = 0; i < passes.size(); ++i) {
      auto product = [&](Vec<Real> x) HWY_ATTR {
        for (int g = 0; g < passes[i].k; ++g)
          x = hn::Mul(x, hn::Load(d, cosines + (layer.slot + passes[i].first_gate + g) * tile + b));
        return x;
      };
      Vec<Real> next = product(run);
      if (i > 0 && !hn::AllFalse(d, hn::Lt(hn::Abs(next), low))) {
        HWY_ALIGN Real x[n];
        hn::Store(run, d, x);
        Real* scale = p.scales + (slot + i - 1) * tile;
        if (!p.scaled[slot + i - 1]) std::fill_n(scale, tile, Real(1));
        p.scaled[slot + i - 1] = 1;
        for (std::size_t lane = 0; lane < n; ++lane) {
          int exponent = 0;
          std::frexp(x[lane], &exponent);
          scale[b + lane] = std::ldexp(Real(1), exponent);
          x[lane] = std::ldexp(x[lane], -exponent);
        }
        run = hn::Load(d, x);
        next = product(run);
      }
      run = next;
    }
    if (!passes.empty()) hn::Store(run, d, p.scales + (slot + passes.size() - 1) * tile + b);
  }
  if (!passes.empty()) p.scaled[slot + passes.size() - 1] = 1;
}

template <class Real>
void Prepare(const Bound<Real>& bound, const TileData<Real>& data, Layout<Real>& layout) {
  const Program& program = *bound.program;
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  Prepared<Real>& p = layout.prepared;
  Real* cosines = p.gradients;  // not in use yet
  const Vec<Real> half = hn::Set(d, Real(0.5)), one = hn::Set(d, Real(1));
  const Vec<Real> least = hn::Set(d, sizeof(Real) == 4 ? Real(1e-8) : Real(1e-30));
  for (std::size_t i = 0; i < static_cast<std::size_t>(program.qubits); ++i)
    for (std::size_t b = 0; b < tile; b += n) {
      hn::Store(hn::Zero(d), d, p.product_sin + i * tile + b);
      hn::Store(hn::Set(d, Real(1)), d, p.product_cos + i * tile + b);
    }
  const std::size_t product_gates = program.shared.front().gates.size();
  for (std::size_t g = 0; g < static_cast<std::size_t>(program.gates); ++g) {
    const std::vector<int>& terms = bound.sample_terms[g];
    const int turn = program.turn_of[g];
    for (std::size_t b = 0; b < tile; b += n) {
      Vec<Real> s, c;
      if (terms.empty()) {
        s = hn::Set(d, bound.constant_sin[g]);
        c = hn::Set(d, bound.constant_cos[g]);
      } else {
        Vec<Real> x = hn::Load(d, data.angles + terms[0] * tile + b);
        for (std::size_t i = 1; i < terms.size(); ++i)
          x = hn::Add(x, hn::Load(d, data.angles + terms[i] * tile + b));
        SinCos(hn::MulAdd(turn < 0 ? half : one, x, hn::Set(d, bound.constant[g])), s, c);
      }
      if (g < product_gates) {
        const std::size_t q = program.shared.front().gates[g].qubit;
        hn::Store(s, d, p.product_sin + q * tile + b);
        hn::Store(c, d, p.product_cos + q * tile + b);
      } else if (turn >= 0) {
        hn::Store(s, d, p.tangents + g * tile + b);
        hn::Store(c, d, p.turn_cosines + turn * tile + b);
      } else {
        c = hn::IfThenElse(hn::Lt(hn::Abs(c), least), hn::CopySign(least, c), c);
        hn::Store(c, d, cosines + g * tile + b);
        hn::Store(hn::Div(s, c), d, p.tangents + g * tile + b);
      }
    }
  }
  for (const BlockProgram& block : program.blocks) {
    if (!block.product) continue;
    const RyLayer& layer = *block.product;
    for (std::size_t at = layer.slot * tile; at < (layer.slot + layer.gates.size()) * tile; at += n) {
      // From t and c of the half angle: cos a = c^2 (1 - t^2), sin a = 2 t c^2.
      const Vec<Real> t = hn::Load(d, p.tangents + at), half_cos = hn::Load(d, cosines + at);
      const Vec<Real> half_sin = hn::Mul(t, half_cos);
      Vec<Real> c = hn::Mul(hn::Add(half_cos, half_sin), hn::Sub(half_cos, half_sin));
      c = hn::IfThenElse(hn::Lt(hn::Abs(c), least), hn::CopySign(least, c), c);
      hn::Store(c, d, cosines + at);
      hn::Store(hn::Div(hn::Mul(hn::Add(half_sin, half_sin), half_cos), c), d, p.tangents + at);
    }
    PrepareScales(layer, layer.in_place, layer.in_place_slot, cosines, p);
  }
  for (std::size_t l = 1; l < program.shared.size(); ++l) {
    const RyLayer& layer = program.shared[l];
    PrepareScales(layer, layer.rotate, layer.rotate_slot, cosines, p);
    PrepareScales(layer, layer.in_place, layer.in_place_slot, cosines, p);
  }
  for (const BlockProgram& block : program.blocks)
    for (const RyLayer& layer : block.layers) {
      PrepareScales(layer, layer.rotate, layer.rotate_slot, cosines, p);
      PrepareScales(layer, layer.in_place, layer.in_place_slot, cosines, p);
    }
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
