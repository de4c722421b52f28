// SPDX-License-Identifier: Apache-2.0
// Sums over the amplitudes of a large state, cut as row_blocks.h says, where the lanes are samples. Compiled
// once per instruction set.
#if defined(QMTL_ENGINE_CUT_SUMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_CUT_SUMS_INL_H_
#undef QMTL_ENGINE_CUT_SUMS_INL_H_
#else
#define QMTL_ENGINE_CUT_SUMS_INL_H_
#endif

#include "runtime/engine/adjoint-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// Adds the values of the lane qubits (a power of two of them) by the fixed tree; x is overwritten.
template <class V>
HWY_INLINE V AddValues(V* x, std::size_t count) {
  for (std::size_t half = count / 2; half > 0; half /= 2)
    for (std::size_t i = 0; i < half; ++i) x[i] = hn::Add(x[i], x[i + half]);
  return x[0];
}

/// A pass's gates on lane qubits: its last ones, as gates are in ascending order of qubits.
struct PassLanes {
  int rows, gates;  ///< gates on other qubits, on lane qubits
  unsigned bits;    ///< lane qubits that have a gate
};
template <class Real>
PassLanes lanes_of(const RyLayer& layer, const Pass& pass) {
  const int first = layer.qubits - lane_qubits<Real>;
  PassLanes found{pass.k, 0, 0};
  while (found.rows > 0 && layer.gates[pass.first_gate + found.rows - 1].qubit >= first) {
    --found.rows;
    ++found.gates;
    found.bits |= 1u << (layer.gates[pass.first_gate + found.rows].qubit - first);
  }
  return found;
}

/// The value of the lane qubits whose set ones among `bits` have the value `in`, the others `out`.
inline std::size_t lane_value(int qubits, unsigned bits, std::size_t in, std::size_t out) {
  std::size_t value = 0;
  for (int q = 0; q < qubits; ++q) {
    std::size_t& from = bits >> q & 1 ? in : out;
    value |= (from & 1) << q;
    from >>= 1;
  }
  return value;
}

/// GradientK for a pass whose last Lanes gates are on lane qubits: a sum for each value of theirs, to
/// gradient[value][gate]. Groups a few at a time, while they are in the first cache.
template <int Rows, int Lanes, class Real>
void GradientValuesK(const Pass& pass, Groups groups, State<Real> bra, State<Real> ket,
                     Real* const* gradient) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>, few = 16;
  constexpr int size = 1 << Rows, values = 1 << Lanes, gates = Rows + Lanes, sets = Rows > 0 ? 2 : 1;
  HWY_ALIGN Real sums[values][sets][gates][n] = {};
  std::size_t at[1 << gates];
  for (int v = 0; v < (1 << gates); ++v) at[v] = pass.offset_row[v] * n;
  const Real* bras[2] = {bra.re, ket.im ? bra.im : nullptr};
  const Real* kets[2] = {ket.re, ket.im};
  for (int part = 0; part < 2; ++part) {
    if (!bras[part]) continue;
    for (std::size_t begin = groups.begin; begin < groups.end; begin += few) {
      const std::size_t end = begin + few < groups.end ? begin + few : groups.end;
      for (int value = 0; value < values; ++value) {
        Vec<Real> sum[sets][gates];
        for (int s = 0; s < sets; ++s)
          for (int q = 0; q < gates; ++q) sum[s][q] = hn::Load(d, sums[value][s][q]);
        const std::size_t* own = at + (value << Rows);
        for (std::size_t g = begin; g < end; ++g) {
          const std::size_t base = pass.base_row[g] * n;
          const Real* k = kets[part] + base;
          const Real* b = bras[part] + base;
          Vec<Real> ket_v[size];
#pragma GCC unroll 8
          for (int v = 0; v < size; ++v) ket_v[v] = hn::Load(d, k + own[v]);
#pragma GCC unroll 8
          for (int v = 0; v < size; ++v) {
            const Vec<Real> l = hn::Load(d, b + own[v]);
            AddPairs<Rows>(l, ket_v, v, sum[v & (sets - 1)]);
#pragma GCC unroll 3
            for (int q = 0; q < Lanes; ++q) {
              Vec<Real>& into = sum[v & (sets - 1)][Rows + q];
              into = hn::MulAdd(l, hn::Load(d, k + at[(value ^ 1 << q) << Rows | v]), into);
            }
          }
        }
        for (int s = 0; s < sets; ++s)
          for (int q = 0; q < gates; ++q) hn::Store(sum[s][q], d, sums[value][s][q]);
      }
    }
  }
  const Vec<Real> half = hn::Set(d, Real(0.5));
  for (int value = 0; value < values; ++value)
    for (int q = 0; q < gates; ++q) {
      Vec<Real> sum = hn::Load(d, sums[value][0][q]);
      if constexpr (sets == 2) sum = hn::Add(sum, hn::Load(d, sums[value][1][q]));
      sum = hn::Mul(half, sum);
      // Where the gate's qubit is 0 the term is -bra0 ket1.
      const bool negative = q >= Rows && !(value >> (q - Rows) & 1);
      hn::Store(negative ? hn::Neg(sum) : sum, d, gradient[value] + q * tile);
    }
}

/// Calls kernel.template run<Rows, Lanes>() for a pass of up to four gates.
template <class Kernel>
HWY_INLINE void WithPassLanes(PassLanes split, const Kernel& kernel) {
  switch (split.rows * 4 + split.gates) {
    case 1:
      return kernel.template run<0, 1>();
    case 2:
      return kernel.template run<0, 2>();
    case 3:
      return kernel.template run<0, 3>();
    case 5:
      return kernel.template run<1, 1>();
    case 6:
      return kernel.template run<1, 2>();
    case 7:
      return kernel.template run<1, 3>();
    case 9:
      return kernel.template run<2, 1>();
    case 10:
      return kernel.template run<2, 2>();
    default:
      return kernel.template run<3, 1>();
  }
}

template <class Real>
struct GradientValues {
  const Pass& pass;
  Groups groups;
  State<Real> bra, ket;
  Real* const* gradient;
  template <int Rows, int Lanes>
  void run() const {
    if constexpr (Lanes <= lane_qubits<Real>) GradientValuesK<Rows, Lanes>(pass, groups, bra, ket, gradient);
  }
};

/// Passes of a list, from the first, that neither touch lane qubits nor leave blocks of 2^12 rows.
template <class Real>
std::size_t inner_passes(const RyLayer& layer, const std::vector<Pass>& passes) {
  const int bits = layer.qubits - lane_qubits<Real>;
  std::size_t inner = 0;
  while (inner < passes.size() && layer.gates[passes[inner].first_gate + passes[inner].k - 1].qubit <
                                      (bits < block_bits ? bits : block_bits))
    ++inner;
  return inner;
}

/// Working memory of the calling thread for sums that wait to be added.
template <class Real>
Real* SumMemory(std::size_t count) {
  thread_local AlignedVector<Real> memory;
  if (memory.size() < count) memory.resize(count);
  return memory.data();
}

/// Gradients of a layer's gates at its output, of a large state.
template <class Real>
void CutLayerGradients(const RyLayer& layer, State<Real> bra, State<Real> ket, Real* gradients) {
  const Tag<Real> d;
  constexpr std::size_t values = lane_values<Real>;
  const std::size_t each = sum_blocks<Real>(layer.qubits), size = layer.gates.size() * tile;
  const bool threads = layer.qubits >= threaded_bits;
  Real* parts = SumMemory<Real>(values * each * size);  // [values][blocks][gates]
  const std::vector<Pass>& passes = layer.in_place;
  const std::size_t inner = inner_passes<Real>(layer, passes);
  const auto plain = [&](std::size_t p, std::size_t b) HWY_ATTR {
    Gradient(passes[p], groups_of(passes[p], b, values * each), bra, ket,
             parts + b * size + passes[p].first_gate * tile);
  };
  for_each_block(threads, values * each, [&](std::size_t b) HWY_ATTR {
    for (std::size_t p = 0; p < inner; ++p) plain(p, b);
  });
  for (std::size_t p = inner; p < passes.size(); ++p) {
    const Pass& pass = passes[p];
    const PassLanes split = lanes_of<Real>(layer, pass);
    if (split.gates == 0) {
      for_each_block(threads, values * each, [&](std::size_t b) HWY_ATTR { plain(p, b); });
      continue;
    }
    const std::size_t blocks = (values >> split.gates) * each;
    for_each_block(threads, blocks, [&](std::size_t b) HWY_ATTR {
      Real* to[values];
      for (std::size_t in = 0; in < std::size_t{1} << split.gates; ++in)
        to[in] = parts + (lane_value(lane_qubits<Real>, split.bits, in, b / each) * each + b % each) * size +
                 pass.first_gate * tile;
      WithPassLanes(split, GradientValues<Real>{pass, groups_of(pass, b, blocks), bra, ket, to});
    });
  }
  for (std::size_t at = 0; at < size; at += tile) {
    Vec<Real> sum[values];
    for (std::size_t v = 0; v < values; ++v) {
      const Real* part = parts + v * each * size + at;
      sum[v] = hn::Load(d, part);
      for (std::size_t b = 1; b < each; ++b) sum[v] = hn::Add(sum[v], hn::Load(d, part + b * size));
    }
    hn::Store(AddValues(sum, values), d, gradients + at);
  }
}

/// Gradients of a layer's gates at its output.
template <class Real>
void LayerGradients(const RyLayer& layer, State<Real> bra, State<Real> ket, Real* gradients) {
  if (cut_sums(layer.qubits)) return CutLayerGradients(layer, bra, ket, gradients);
  for (const Pass& pass : layer.in_place)
    Gradient(pass, groups_of(pass, 0, 1), bra, ket, gradients + pass.first_gate * tile);
}

/// A layer's way back, in place on the bra: gradients of its gates, then the inverse rotations.
template <class Real>
void BackwardLayer(const RyLayer& layer, State<Real> bra, State<Real> ket, const Real* tangents,
                   const Real* scales, const std::uint8_t* scaled, Real* gradients) {
  LayerGradients(layer, bra, ket, gradients + layer.slot * tile);
  RunPasses(layer, layer.in_place, [&](std::size_t p, std::size_t, Groups groups) HWY_ATTR {
    const std::size_t slot = layer.in_place_slot + p;
    Rotate<true>(layer.in_place[p], groups, bra,
                 tangents + (layer.slot + layer.in_place[p].first_gate) * tile,
                 scaled[slot] ? scales + slot * tile : nullptr);
  });
}

/// Re <a|b> of every sample.
template <class Real>
Vec<Real> Dot(int qubits, State<Real> a, State<Real> b) {
  if (!cut_sums(qubits)) return DotRows(0, std::uint32_t{1} << qubits, a, b);
  constexpr std::size_t values = lane_values<Real>;
  const auto each = static_cast<std::uint32_t>((std::size_t{1} << qubits) / values);
  Vec<Real> sum[values];
  for (std::uint32_t v = 0; v < values; ++v) sum[v] = DotRows(v * each, (v + 1) * each, a, b);
  return AddValues(sum, values);
}

/// ProductGradient of a large state. On the rows below the lane qubits sums run in lane_values chains.
template <class Real>
void CutProductGradient(int qubits, const Real* sin, const Real* cos, const Real* prefix, const Real* bra,
                        Real* scratch, Real* gradient) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>, values = lane_values<Real>;
  const Vec<Real> half = hn::Set(d, Real(0.5));
  const int row_bits = qubits - lane_qubits<Real>;
  for (int q = qubits - 1; q >= 0; --q) {
    const std::uint32_t size = std::uint32_t{1} << q;
    const Vec<Real> s = hn::Load(d, sin + q * tile), c = hn::Load(d, cos + q * tile);
    const bool first = q + 1 == qubits;
    Vec<Real> a[values], b[values];
    for (std::size_t v = 0; v < values; ++v) a[v] = b[v] = hn::Zero(d);
    const auto contract = [&](std::uint32_t i, Vec<Real>& into_a, Vec<Real>& into_b) HWY_ATTR {
      const Vec<Real> p = hn::Load(d, prefix + (size + i) * n);
      const Vec<Real> l0 = hn::Load(d, first ? bra + row(i) * n : scratch + i * n);
      const Vec<Real> l1 = hn::Load(d, first ? bra + row(i + size) * n : scratch + (i + size) * n);
      into_a = hn::MulAdd(l0, p, into_a);
      into_b = hn::MulAdd(l1, p, into_b);
      hn::Store(hn::MulAdd(c, l0, hn::Mul(s, l1)), d, scratch + i * n);
    };
    if (q >= row_bits) {
      for (std::uint32_t v = 0; v < size >> row_bits; ++v) {
        Vec<Real> own_a = a[v], own_b = b[v];
        for (std::uint32_t i = v << row_bits; i < (v + 1) << row_bits; ++i) contract(i, own_a, own_b);
        a[v] = own_a;
        b[v] = own_b;
      }
    } else {
      for (std::uint32_t i = 0; i < size; ++i) contract(i, a[i % values], b[i % values]);
    }
    const Vec<Real> sum_a = AddValues(a, values), sum_b = AddValues(b, values);
    hn::Store(hn::Mul(half, hn::NegMulAdd(s, sum_a, hn::Mul(c, sum_b))), d, gradient + q * tile);
  }
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
