// SPDX-License-Identifier: Apache-2.0
// Passes over the state of one sample whose top qubits are the lanes of a register: [rows][lanes], row r and
// lane l hold amplitude r + l 2^(rows' qubits). Gates on the rows' qubits are as in state-inl.h. Compiled
// once per instruction set.
#if defined(QMTL_ENGINE_AMPLITUDE_PASSES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_AMPLITUDE_PASSES_INL_H_
#undef QMTL_ENGINE_AMPLITUDE_PASSES_INL_H_
#else
#define QMTL_ENGINE_AMPLITUDE_PASSES_INL_H_
#endif

#include "runtime/engine/cut_sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// Whether this instruction set's registers are as wide as the cut of the sums. (The others keep samples in
/// the lanes: the bits are the same.)
template <class Real>
constexpr bool amplitude_lanes = lanes<Real> == lane_values<Real>;

/// From 2^14 rows on blocks of rows are shared among threads.
template <class Real>
constexpr bool amplitude_threads(int qubits) {
  return qubits - lane_qubits<Real> >= 14;
}

template <class Real>
struct LaneOrder {
  using Number = hn::TFromD<hn::RebindToSigned<Tag<Real>>>;
  using Indices = decltype(hn::SetTableIndices(Tag<Real>(), static_cast<const Number*>(nullptr)));

  /// For TableLookupLanes: the lane that differs in one bit.
  static HWY_INLINE Indices flipped(int bit) {
    HWY_ALIGN Number from[lanes<Real>];
    for (std::size_t l = 0; l < lanes<Real>; ++l) from[l] = static_cast<Number>(l ^ (std::size_t{1} << bit));
    return hn::SetTableIndices(Tag<Real>(), from);
  }
  /// -0 in the lanes whose bit is not set, else 0: for Xor.
  static HWY_INLINE Vec<Real> minus_where_zero(int bit) {
    HWY_ALIGN Real sign[lanes<Real>];
    for (std::size_t l = 0; l < lanes<Real>; ++l) sign[l] = l >> bit & 1 ? Real(0) : -Real(0);
    return hn::Load(Tag<Real>(), sign);
  }
};

/// Gates on lane qubits, in ascending order.
template <class Real>
struct LaneGates {
  int count = 0;
  typename LaneOrder<Real>::Indices flipped[lane_qubits<Real>];
  Vec<Real> minus[lane_qubits<Real>];  ///< minus_where_zero
  Vec<Real> tangent[lane_qubits<Real>];

  /// A pass's gates on lane qubits; t: its gates' tangents (null: none are needed).
  HWY_INLINE void add(const RyLayer& layer, const Pass& pass, const Real* t) {
    const Tag<Real> d;
    for (int g = lanes_of<Real>(layer, pass).rows; g < pass.k; ++g, ++count) {
      const int bit = layer.gates[pass.first_gate + g].qubit - (layer.qubits - lane_qubits<Real>);
      flipped[count] = LaneOrder<Real>::flipped(bit);
      minus[count] = LaneOrder<Real>::minus_where_zero(bit);
      tangent[count] = t ? hn::Load(d, t + g * tile) : hn::Zero(d);
    }
  }
};

/// RotateRegisters for the gates on lane qubits: both halves of a pair at once.
template <int Size, bool Inverse, class Real>
HWY_INLINE void RotateLanes(Vec<Real>* a, const LaneGates<Real>& gates) {
  for (int g = 0; g < gates.count; ++g) {
    const Vec<Real> t = hn::Xor(gates.tangent[g], gates.minus[g]);
#pragma GCC unroll 16
    for (int v = 0; v < Size; ++v) {
      const Vec<Real> other = hn::TableLookupLanes(a[v], gates.flipped[g]);
      a[v] = Inverse ? hn::NegMulAdd(t, other, a[v]) : hn::MulAdd(t, other, a[v]);
    }
  }
}

/// One or two passes of a layer (the second one of lane gates alone) that run in one load and store.
struct AmplitudeStep {
  std::size_t pass;
  int rows;    ///< gates of the first that are not on lane qubits
  bool tail;   ///< the second one follows
  bool inner;  ///< stays inside blocks of rows
};

/// scaled: of the list's passes; the tangents' product may leave the range of Real where one is set.
template <class Real>
std::vector<AmplitudeStep> amplitude_steps(const RyLayer& layer, const std::vector<Pass>& passes,
                                           const std::uint8_t* scaled) {
  std::vector<AmplitudeStep> steps;
  for (std::size_t p = 0; p < passes.size(); ++p) {
    const int rows = lanes_of<Real>(layer, passes[p]).rows;
    if (rows == 0 && !steps.empty() && !steps.back().tail && !scaled[steps.back().pass]) {
      steps.back().tail = true;
      continue;
    }
    const bool inner = rows == 0 || layer.gates[passes[p].first_gate + rows - 1].qubit < block_bits;
    steps.push_back({p, rows, false, inner && (steps.empty() || steps.back().inner)});
  }
  return steps;
}

/// The groups of a pass in one block of rows: those whose lane qubits are 0 come first in its list.
template <class Real>
Groups amplitude_groups(const Pass& pass, int rows, std::size_t block, std::size_t blocks) {
  const std::size_t each = (pass.base_row.size() >> (lane_qubits<Real> - (pass.k - rows))) / blocks;
  return {block * each, (block + 1) * each};
}

/// A step in place: Rows gates on rows' qubits, then the lane gates.
template <int Rows, bool Inverse, class Real>
void RotateStepK(const Pass& pass, Groups groups, const LaneGates<Real>& gates, State<Real> s, const Real* t,
                 const Real* scale) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  constexpr int size = 1 << Rows;
  Vec<Real> tv[Rows > 0 ? Rows : 1];
  for (int q = 0; q < Rows; ++q) tv[q] = hn::Load(d, t + q * tile);
  const Vec<Real> factor = scale ? hn::Load(d, scale) : hn::Set(d, Real(1));
  std::size_t at[size];
  for (int v = 0; v < size; ++v) at[v] = pass.offset_row[v] * n;
  for (Real* x : {s.re, s.im}) {
    if (!x) continue;
    for (std::size_t g = groups.begin; g < groups.end; ++g) {
      Real* p = x + pass.base_row[g] * n;
      Vec<Real> a[size];
#pragma GCC unroll 16
      for (int v = 0; v < size; ++v) a[v] = hn::Load(d, p + at[v]);
      if constexpr (Rows > 0) RotateRegisters<Rows, Inverse>(a, tv);
      RotateLanes<size, Inverse, Real>(a, gates);
#pragma GCC unroll 16
      for (int v = 0; v < size; ++v) hn::Store(hn::Mul(a[v], factor), d, p + at[v]);
    }
  }
}

template <bool Inverse, class Real>
void RotateStep(const Pass& pass, int rows, Groups groups, const LaneGates<Real>& gates, State<Real> s,
                const Real* t, const Real* scale) {
  if (gates.count == 0) return Rotate<Inverse>(pass, groups, s, t, scale);
  switch (rows) {
    case 0:
      return RotateStepK<0, Inverse>(pass, groups, gates, s, t, scale);
    case 1:
      return RotateStepK<1, Inverse>(pass, groups, gates, s, t, scale);
    case 2:
      return RotateStepK<2, Inverse>(pass, groups, gates, s, t, scale);
    case 3:
      return RotateStepK<3, Inverse>(pass, groups, gates, s, t, scale);
    default:
      return RotateStepK<4, Inverse>(pass, groups, gates, s, t, scale);
  }
}

/// What the passes of a layer's list turn and scale by, from its slot on.
template <class Real>
struct StepNumbers {
  int slot;
  const Real *tangents, *scales;
  const std::uint8_t* scaled;
};

/// run(step, pass, groups, lane gates, tangents of the pass, the scale that ends the step or null) for all
/// steps and blocks: the inner steps block by block, then the others one by one.
template <class Real, class Run>
void RunSteps(const RyLayer& layer, const std::vector<Pass>& passes, const std::vector<AmplitudeStep>& steps,
              const StepNumbers<Real>& numbers, const Run& run) {
  const std::size_t blocks = sum_blocks<Real>(layer.qubits);
  const bool threads = amplitude_threads<Real>(layer.qubits);
  const auto tangents = [&](std::size_t p) HWY_ATTR {
    return numbers.tangents + (layer.slot + passes[p].first_gate) * tile;
  };
  const auto one = [&](const AmplitudeStep& step, std::size_t b) HWY_ATTR {
    const std::size_t last = step.pass + (step.tail ? 1 : 0);
    const std::size_t slot = static_cast<std::size_t>(numbers.slot) + last;
    LaneGates<Real> gates;
    for (std::size_t p = step.pass; p <= last; ++p) gates.add(layer, passes[p], tangents(p));
    const Pass& pass = passes[step.pass];
    run(step, pass, amplitude_groups<Real>(pass, step.rows, b, blocks), gates, tangents(step.pass),
        numbers.scaled[slot] ? numbers.scales + slot * tile : nullptr);
  };
  std::size_t inner = 0;
  while (inner < steps.size() && steps[inner].inner) ++inner;
  if (inner > 0)
    for_each_block(threads, blocks, [&](std::size_t b) HWY_ATTR {
      for (std::size_t s = 0; s < inner; ++s) one(steps[s], b);
    });
  for (std::size_t s = inner; s < steps.size(); ++s)
    for_each_block(threads, blocks, [&](std::size_t b) HWY_ATTR { one(steps[s], b); });
}

/// GradientK for a pass with Lanes gates on lane qubits: the lanes are the values that a large state's sums
/// are cut into.
template <int Rows, int Lanes, class Real>
void AmplitudeGradientK(const Pass& pass, Groups groups, const LaneGates<Real>& lane_gates, State<Real> bra,
                        State<Real> ket, Real* gradient) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  constexpr int size = 1 << Rows, gates = Rows + Lanes, sets = Rows > 0 ? 2 : 1;
  Vec<Real> sum[sets][gates];
  for (int s = 0; s < sets; ++s)
    for (int q = 0; q < gates; ++q) sum[s][q] = hn::Zero(d);
  std::size_t at[size];
  for (int v = 0; v < size; ++v) at[v] = pass.offset_row[v] * n;
  const Real* bras[2] = {bra.re, ket.im ? bra.im : nullptr};
  const Real* kets[2] = {ket.re, ket.im};
  for (int part = 0; part < 2; ++part) {
    if (!bras[part]) continue;
    for (std::size_t g = groups.begin; g < groups.end; ++g) {
      const std::size_t base = pass.base_row[g] * n;
      const Real* k = kets[part] + base;
      const Real* b = bras[part] + base;
      Vec<Real> ket_v[size];
#pragma GCC unroll 8
      for (int v = 0; v < size; ++v) ket_v[v] = hn::Load(d, k + at[v]);
#pragma GCC unroll 8
      for (int v = 0; v < size; ++v) {
        const Vec<Real> l = hn::Load(d, b + at[v]);
        AddPairs<Rows>(l, ket_v, v, sum[v & (sets - 1)]);
#pragma GCC unroll 3
        for (int q = 0; q < Lanes; ++q) {
          Vec<Real>& into = sum[v & (sets - 1)][Rows + q];
          into = hn::MulAdd(l, hn::TableLookupLanes(ket_v[v], lane_gates.flipped[q]), into);
        }
      }
    }
  }
  const Vec<Real> half = hn::Set(d, Real(0.5));
  for (int q = 0; q < gates; ++q) {
    Vec<Real> total = sum[0][q];
    if constexpr (sets == 2) total = hn::Add(total, sum[1][q]);
    total = hn::Mul(half, total);
    hn::Store(q < Rows ? total : hn::Xor(total, lane_gates.minus[q - Rows]), d, gradient + q * tile);
  }
}

template <class Real>
struct AmplitudeGradient {
  const Pass& pass;
  Groups groups;
  const LaneGates<Real>& gates;
  State<Real> bra, ket;
  Real* gradient;
  template <int Rows, int Lanes>
  void run() const {
    if constexpr (Lanes <= lane_qubits<Real>)
      AmplitudeGradientK<Rows, Lanes>(pass, groups, gates, bra, ket, gradient);
  }
};

/// Every lane gets the sum over the lanes that differ from it in `bits`, by the fixed tree.
template <class Real>
HWY_INLINE Vec<Real> AddLanes(Vec<Real> x, unsigned bits) {
  for (int bit = lane_qubits<Real> - 1; bit >= 0; --bit)
    if (bits >> bit & 1) x = hn::Add(x, hn::TableLookupLanes(x, LaneOrder<Real>::flipped(bit)));
  return x;
}
template <class Real>
constexpr unsigned all_lanes = (1u << lane_qubits<Real>)-1;

/// Gradients of a layer's gates at its output, the same number in every lane.
template <class Real>
void AmplitudeLayerGradients(const RyLayer& layer, State<Real> bra, State<Real> ket, Real* gradients) {
  const Tag<Real> d;
  const std::size_t blocks = sum_blocks<Real>(layer.qubits), size = layer.gates.size() * tile;
  const bool threads = amplitude_threads<Real>(layer.qubits);
  Real* parts = SumMemory<Real>(blocks * size);
  const std::vector<Pass>& passes = layer.in_place;
  const auto one = [&](std::size_t p, std::size_t b) HWY_ATTR {
    const Pass& pass = passes[p];
    const PassLanes split = lanes_of<Real>(layer, pass);
    const Groups groups = amplitude_groups<Real>(pass, split.rows, b, blocks);
    Real* to = parts + b * size + pass.first_gate * tile;
    if (split.gates == 0) return Gradient(pass, groups, bra, ket, to);
    LaneGates<Real> gates;
    gates.add(layer, pass, nullptr);
    WithPassLanes(split, AmplitudeGradient<Real>{pass, groups, gates, bra, ket, to});
  };
  const std::size_t inner = inner_passes<Real>(layer, passes);
  for_each_block(threads, blocks, [&](std::size_t b) HWY_ATTR {
    for (std::size_t p = 0; p < inner; ++p) one(p, b);
  });
  for (std::size_t p = inner; p < passes.size(); ++p)
    for_each_block(threads, blocks, [&](std::size_t b) HWY_ATTR { one(p, b); });
  for (std::size_t at = 0; at < size; at += tile) {
    Vec<Real> sum = hn::Load(d, parts + at);
    for (std::size_t b = 1; b < blocks; ++b) sum = hn::Add(sum, hn::Load(d, parts + b * size + at));
    hn::Store(AddLanes<Real>(sum, all_lanes<Real>), d, gradients + at);
  }
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
