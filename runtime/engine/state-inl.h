// SPDX-License-Identifier: Apache-2.0
// Passes over statevectors, compiled once per instruction set. A state is [rows][lanes], real and imaginary
// parts in arrays of their own; the lanes are samples, so that qubits are strides and sums never cross lanes.
#if defined(QMTL_ENGINE_STATE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_STATE_INL_H_
#undef QMTL_ENGINE_STATE_INL_H_
#else
#define QMTL_ENGINE_STATE_INL_H_
#endif

#include "runtime/engine/kernels.h"
#include "runtime/engine/math-inl.h"
#include "runtime/engine/row_blocks.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// im is null for a real state.
template <class Real>
struct State {
  Real* re = nullptr;
  Real* im = nullptr;
};

/// A pass's groups of amplitudes in one block of the state: the bits above the block are the last of a
/// group's number.
struct Groups {
  std::size_t begin, end;
};
inline Groups groups_of(const Pass& pass, std::size_t block, std::size_t blocks) {
  const std::size_t each = pass.base_row.size() / blocks;
  return {block * each, (block + 1) * each};
}

/// Whether a pass moves amplitudes only within blocks.
inline bool inside_blocks(const RyLayer& layer, const Pass& pass) {
  return layer.gates[pass.first_gate + pass.k - 1].qubit < block_bits;
}

/// Every pass of a list on every block: first the passes inside blocks, all of them on one block after
/// another; then the others one by one. run(pass number, block, groups).
template <class Run>
void RunPasses(const RyLayer& layer, const std::vector<Pass>& passes, const Run& run) {
  const std::size_t blocks = blocks_of(layer.qubits);
  std::size_t inner = 0;
  while (inner < passes.size() && (blocks == 1 || inside_blocks(layer, passes[inner]))) ++inner;
  for_blocks(layer.qubits, [&](std::size_t b) HWY_ATTR {
    for (std::size_t p = 0; p < inner; ++p) run(p, b, groups_of(passes[p], b, blocks));
  });
  for (std::size_t p = inner; p < passes.size(); ++p)
    for_blocks(layer.qubits, [&](std::size_t b) HWY_ATTR { run(p, b, groups_of(passes[p], b, blocks)); });
}

/// RY in tangent form, cos taken out: (a, b) -> (a - t b, b + t a). Inverse: t negated.
template <int K, bool Inverse, class V>
HWY_INLINE void RotateRegisters(V* a, const V* t) {
#pragma GCC unroll 4
  for (int q = 0; q < K; ++q) {
#pragma GCC unroll 16
    for (int v = 0; v < (1 << K); ++v) {
      if (v >> q & 1) continue;
      const V x = a[v], y = a[v | 1 << q];
      a[v] = Inverse ? hn::MulAdd(t[q], y, x) : hn::NegMulAdd(t[q], y, x);
      a[v | 1 << q] = Inverse ? hn::NegMulAdd(t[q], x, y) : hn::MulAdd(t[q], x, y);
    }
  }
}

/// K gates in place on one component; `scale` (may be null) multiplies every amplitude.
template <int K, bool Inverse, bool Scaled, class Real>
HWY_INLINE void RotateComponent(const Pass& pass, Groups groups, Real* x, const Real* t, const Real* scale) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  Vec<Real> tv[K];
  for (int q = 0; q < K; ++q) tv[q] = hn::Load(d, t + q * tile);
  const Vec<Real> factor = Scaled ? hn::Load(d, scale) : hn::Zero(d);
  std::size_t at[1 << K];
  for (int v = 0; v < (1 << K); ++v) at[v] = pass.offset_row[v] * n;
  for (std::size_t g = groups.begin; g < groups.end; ++g) {
    const std::size_t base = pass.base_row[g];
    Real* p = x + base * n;
    Vec<Real> a[1 << K];
#pragma GCC unroll 16
    for (int v = 0; v < (1 << K); ++v) a[v] = hn::Load(d, p + at[v]);
    RotateRegisters<K, Inverse>(a, tv);
#pragma GCC unroll 16
    for (int v = 0; v < (1 << K); ++v) hn::Store(Scaled ? hn::Mul(a[v], factor) : a[v], d, p + at[v]);
  }
}

template <int K, bool Inverse, class Real>
void RotateK(const Pass& pass, Groups groups, State<Real> s, const Real* t, const Real* scale) {
  for (Real* x : {s.re, s.im}) {
    if (!x) continue;
    if (scale)
      RotateComponent<K, Inverse, true>(pass, groups, x, t, scale);
    else
      RotateComponent<K, Inverse, false>(pass, groups, x, t, scale);
  }
}

template <bool Inverse, class Real>
void Rotate(const Pass& pass, Groups groups, State<Real> s, const Real* t, const Real* scale) {
  switch (pass.k) {
    case 1:
      return RotateK<1, Inverse>(pass, groups, s, t, scale);
    case 2:
      return RotateK<2, Inverse>(pass, groups, s, t, scale);
    case 3:
      return RotateK<3, Inverse>(pass, groups, s, t, scale);
    default:
      return RotateK<4, Inverse>(pass, groups, s, t, scale);
  }
}

/// First pass of a layer: reads `in` through the mix before it, rotates K qubits, writes `out`.
template <int K, bool ComplexIn, bool Phases, class Real>
void RotateMixedK(const Pass& pass, Groups groups, const Mix& mix, const PhaseTable<Real>& table,
                  State<Real> in, State<Real> out, const Real* t, const Real* scale) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  constexpr bool complex_out = ComplexIn || Phases;
  Vec<Real> tv[K];
  for (int q = 0; q < K; ++q) tv[q] = hn::Load(d, t + q * tile);
  const Vec<Real> factor = scale ? hn::Load(d, scale) : hn::Set(d, Real(1));
  for (std::size_t g = groups.begin; g < groups.end; ++g) {
    Vec<Real> a[1 << K], b[1 << K];
#pragma GCC unroll 8
    for (int v = 0; v < (1 << K); ++v) {
      const std::uint32_t j = pass.base[g] + pass.offset[v];
      const std::size_t from = mix.source_row[j] * n;
      const Vec<Real> re = hn::Set(d, table.re[j]), x = hn::Load(d, in.re + from);
      a[v] = hn::Mul(x, re);
      if constexpr (Phases) {
        const Vec<Real> im = hn::Set(d, table.im[j]);
        b[v] = hn::Mul(x, im);
        if constexpr (ComplexIn) {
          const Vec<Real> y = hn::Load(d, in.im + from);
          a[v] = hn::NegMulAdd(y, im, a[v]);
          b[v] = hn::MulAdd(y, re, b[v]);
        }
      } else if constexpr (ComplexIn) {
        b[v] = hn::Mul(hn::Load(d, in.im + from), re);
      }
    }
    RotateRegisters<K, false>(a, tv);
    if constexpr (complex_out) RotateRegisters<K, false>(b, tv);
#pragma GCC unroll 8
    for (int v = 0; v < (1 << K); ++v) {
      const std::size_t to = (pass.base_row[g] + pass.offset_row[v]) * n;
      hn::Store(hn::Mul(a[v], factor), d, out.re + to);
      if constexpr (complex_out) hn::Store(hn::Mul(b[v], factor), d, out.im + to);
    }
  }
}

template <int K, class Real>
void RotateMixed(const Pass& pass, Groups groups, const Mix& mix, const PhaseTable<Real>& table,
                 State<Real> in, State<Real> out, const Real* t, const Real* scale) {
  const bool phases = !table.im.empty();
  if (in.im)
    return phases ? RotateMixedK<K, true, true>(pass, groups, mix, table, in, out, t, scale)
                  : RotateMixedK<K, true, false>(pass, groups, mix, table, in, out, t, scale);
  return phases ? RotateMixedK<K, false, true>(pass, groups, mix, table, in, out, t, scale)
                : RotateMixedK<K, false, false>(pass, groups, mix, table, in, out, t, scale);
}

/// run(begin, end) for the output rows of a mix, block by block; a mix is a permutation, so no two touch one
/// row.
template <class Run>
void ForRows(const Mix& mix, const Run& run) {
  const int qubits = static_cast<int>(mix.bits.size());
  const auto each = static_cast<std::uint32_t>(mix.source.size() / blocks_of(qubits));
  for_blocks(qubits, [&](std::size_t b) HWY_ATTR {
    run(static_cast<std::uint32_t>(b) * each, static_cast<std::uint32_t>(b + 1) * each);
  });
}

template <class Real>
void ApplyMixRows(const Mix& mix, const PhaseTable<Real>& table, State<Real> in, State<Real> out,
                  std::uint32_t begin, std::uint32_t end) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const bool phases = !table.im.empty();
  for (std::uint32_t j = begin; j < end; ++j) {
    const std::size_t from = mix.source_row[j] * n, to = row(j) * n;
    const Vec<Real> x = hn::Load(d, in.re + from), re = hn::Set(d, table.re[j]);
    Vec<Real> a = hn::Mul(x, re);
    if (phases) {
      const Vec<Real> im = hn::Set(d, table.im[j]);
      Vec<Real> b = hn::Mul(x, im);
      if (in.im) {
        const Vec<Real> y = hn::Load(d, in.im + from);
        a = hn::NegMulAdd(y, im, a);
        b = hn::MulAdd(y, re, b);
      }
      hn::Store(b, d, out.im + to);
    } else if (in.im) {
      hn::Store(hn::Mul(hn::Load(d, in.im + from), re), d, out.im + to);
    }
    hn::Store(a, d, out.re + to);
  }
}

/// out = mix(in) without a rotation.
template <class Real>
void ApplyMix(const Mix& mix, const PhaseTable<Real>& table, State<Real> in, State<Real> out) {
  ForRows(mix, [&](std::uint32_t begin, std::uint32_t end)
                   HWY_ATTR { ApplyMixRows(mix, table, in, out, begin, end); });
}

/// A whole layer's forward pass.
template <class Real>
void ForwardLayer(const RyLayer& layer, const Mix& mix, const PhaseTable<Real>& table, State<Real> in,
                  State<Real> out, const Real* tangents, const Real* scales, const std::uint8_t* scaled) {
  RunPasses(layer, layer.rotate, [&](std::size_t p, std::size_t, Groups groups) HWY_ATTR {
    const Pass& pass = layer.rotate[p];
    const std::size_t slot = layer.rotate_slot + p;
    const Real* t = tangents + (layer.slot + pass.first_gate) * tile;
    const Real* scale = scaled[slot] ? scales + slot * tile : nullptr;
    if (p > 0)
      Rotate<false>(pass, groups, out, t, scale);
    else if (pass.k == 1)
      RotateMixed<1>(pass, groups, mix, table, in, out, t, scale);
    else if (pass.k == 2)
      RotateMixed<2>(pass, groups, mix, table, in, out, t, scale);
    else
      RotateMixed<3>(pass, groups, mix, table, in, out, t, scale);
  });
}

/// K factors RY(a)^dagger Z RY(a) of a product readout in tangent form, cos a taken out:
/// (x, y) -> (x - t y, -t x - y).
template <int K, class Real>
void ReflectK(const Pass& pass, Groups groups, State<Real> in, State<Real> out, const Real* t,
              const Real* scale) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  Vec<Real> tv[K];
  for (int q = 0; q < K; ++q) tv[q] = hn::Load(d, t + q * tile);
  const Vec<Real> factor = scale ? hn::Load(d, scale) : hn::Set(d, Real(1));
  std::size_t at[1 << K];
  for (int v = 0; v < (1 << K); ++v) at[v] = pass.offset_row[v] * n;
  const Real* from[2] = {in.re, in.im};
  Real* to[2] = {out.re, out.im};
  for (int part = 0; part < 2; ++part) {
    if (!from[part]) continue;
    for (std::size_t g = groups.begin; g < groups.end; ++g) {
      const std::size_t base = pass.base_row[g];
      const Real* p = from[part] + base * n;
      Real* o = to[part] + base * n;
      Vec<Real> a[1 << K];
#pragma GCC unroll 16
      for (int v = 0; v < (1 << K); ++v) a[v] = hn::Load(d, p + at[v]);
#pragma GCC unroll 4
      for (int q = 0; q < K; ++q) {
#pragma GCC unroll 16
        for (int v = 0; v < (1 << K); ++v) {
          if (v >> q & 1) continue;
          const Vec<Real> x = a[v], y = a[v | 1 << q];
          a[v] = hn::NegMulAdd(tv[q], y, x);
          a[v | 1 << q] = hn::NegMulSub(tv[q], x, y);
        }
      }
#pragma GCC unroll 16
      for (int v = 0; v < (1 << K); ++v) hn::Store(hn::Mul(a[v], factor), d, o + at[v]);
    }
  }
}

template <class Real>
void Reflect(const Pass& pass, Groups groups, State<Real> in, State<Real> out, const Real* t,
             const Real* scale) {
  switch (pass.k) {
    case 1:
      return ReflectK<1>(pass, groups, in, out, t, scale);
    case 2:
      return ReflectK<2>(pass, groups, in, out, t, scale);
    case 3:
      return ReflectK<3>(pass, groups, in, out, t, scale);
    default:
      return ReflectK<4>(pass, groups, in, out, t, scale);
  }
}

/// A product readout's layer: phi = its operator on the ket.
template <class Real>
void ReflectLayer(const RyLayer& layer, State<Real> ket, State<Real> phi, const Real* tangents,
                  const Real* scales, const std::uint8_t* scaled) {
  RunPasses(layer, layer.in_place, [&](std::size_t i, std::size_t, Groups groups) HWY_ATTR {
    const Pass& pass = layer.in_place[i];
    const std::size_t slot = layer.in_place_slot + i;
    Reflect(pass, groups, i == 0 ? ket : phi, phi, tangents + (layer.slot + pass.first_gate) * tile,
            scaled[slot] ? scales + slot * tile : nullptr);
  });
}

/// Re <a|b> of every sample over some rows, in four chains.
template <class Real>
Vec<Real> DotRows(std::uint32_t begin, std::uint32_t end, State<Real> a, State<Real> b) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  Vec<Real> sum[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  for (std::uint32_t i = begin; i < end; ++i) {
    const std::size_t at = row(i) * n;
    Vec<Real>& real = sum[i & 1];
    real = hn::MulAdd(hn::Load(d, a.re + at), hn::Load(d, b.re + at), real);
    if (!a.im) continue;
    Vec<Real>& imaginary = sum[2 + (i & 1)];
    imaginary = hn::MulAdd(hn::Load(d, a.im + at), hn::Load(d, b.im + at), imaginary);
  }
  return hn::Add(hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3]));
}

/// bra (+)= factor * state.
template <class Real>
void AddScaledRows(std::uint32_t count, Vec<Real> factor, State<Real> state, State<Real> bra, bool add) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const Real* from[2] = {state.re, state.im};
  Real* to[2] = {bra.re, bra.im};
  for (int part = 0; part < 2; ++part) {
    if (!from[part]) continue;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::size_t at = row(i) * n;
      const Vec<Real> x = hn::Load(d, from[part] + at);
      hn::Store(add ? hn::MulAdd(factor, x, hn::Load(d, to[part] + at)) : hn::Mul(factor, x), d,
                to[part] + at);
    }
  }
}
}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
