// SPDX-License-Identifier: Apache-2.0
// The product state and readouts of one sample whose top qubits are the lanes; every number of the sample is
// the same in all lanes. Compiled once per instruction set.
#if defined(QMTL_ENGINE_AMPLITUDE_READOUT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_AMPLITUDE_READOUT_INL_H_
#undef QMTL_ENGINE_AMPLITUDE_READOUT_INL_H_
#else
#define QMTL_ENGINE_AMPLITUDE_READOUT_INL_H_
#endif

#include "runtime/engine/amplitude_mix-inl.h"
#include "runtime/engine/readout-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// The lane qubits' factors of a product state, of lane qubit 0 upwards.
template <class Real>
struct LaneFactors {
  Vec<Real> factor[lane_qubits<Real>];
  LaneFactors(int row_bits, const Real* sin, const Real* cos) {
    const Tag<Real> d;
    for (int q = 0; q < lane_qubits<Real>; ++q) {
      HWY_ALIGN Real x[lanes<Real>];
      for (std::size_t l = 0; l < lanes<Real>; ++l) x[l] = (l >> q & 1 ? sin : cos)[(row_bits + q) * tile];
      factor[q] = hn::Load(d, x);
    }
  }
};

/// ProductState: prefix[2^k .. 2^(k+1)) holds the product of the rows' qubits 0..k-1, one number each.
template <class Real>
void AmplitudeProductState(int qubits, const Real* sin, const Real* cos, Real* prefix, Real* out) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const int row_bits = qubits - lane_qubits<Real>;
  prefix[1] = 1;
  for (int q = 0; q < row_bits; ++q) {
    const std::size_t size = std::size_t{1} << q;
    const Vec<Real> s = hn::Load(d, sin + q * tile), c = hn::Load(d, cos + q * tile);
    const Real* from = prefix + size;
    Real* to = prefix + 2 * size;
    if (size < n) {
      for (std::size_t i = 0; i < size; ++i) {
        to[i] = from[i] * cos[q * tile];
        to[size + i] = from[i] * sin[q * tile];
      }
      continue;
    }
    for (std::size_t i = 0; i < size; i += n) {
      const Vec<Real> x = hn::LoadU(d, from + i);
      hn::StoreU(hn::Mul(x, c), d, to + i);
      hn::StoreU(hn::Mul(x, s), d, to + size + i);
    }
  }
  const LaneFactors<Real> lane(row_bits, sin, cos);
  const Real* product = prefix + (std::size_t{1} << row_bits);
  for (std::uint32_t r = 0; r < std::uint32_t{1} << row_bits; ++r) {
    Vec<Real> x = hn::Set(d, product[r]);
    for (int q = 0; q < lane_qubits<Real>; ++q) x = hn::Mul(x, lane.factor[q]);
    hn::Store(x, d, out + row(r) * n);
  }
}

/// CutProductGradient. Of the lanes that a contracted qubit leaves, the lower half counts.
template <class Real>
void AmplitudeProductGradient(int qubits, const Real* sin, const Real* cos, const Real* prefix,
                              const Real* bra, Real* scratch, Real* gradient) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  constexpr int top = lane_qubits<Real>;
  const int row_bits = qubits - top;
  const Vec<Real> half = hn::Set(d, Real(0.5));
  const auto finish = [&](int q, Vec<Real> s, Vec<Real> c, Vec<Real> a, Vec<Real> b, unsigned bits) HWY_ATTR {
    a = AddLanes<Real>(a, bits);
    b = AddLanes<Real>(b, bits);
    const Real value = hn::GetLane(hn::Mul(half, hn::NegMulAdd(s, a, hn::Mul(c, b))));
    hn::Store(hn::Set(d, value), d, gradient + q * tile);
  };
  {
    const LaneFactors<Real> lane(row_bits, sin, cos);
    Vec<Real> s[top], c[top], a[top], b[top];
    for (int q = 0; q < top; ++q) {
      s[q] = hn::Load(d, sin + (row_bits + q) * tile);
      c[q] = hn::Load(d, cos + (row_bits + q) * tile);
      a[q] = b[q] = hn::Zero(d);
    }
    const Real* product = prefix + (std::size_t{1} << row_bits);
    for (std::uint32_t r = 0; r < std::uint32_t{1} << row_bits; ++r) {
      Vec<Real> p[top];
      p[0] = hn::Set(d, product[r]);
      for (int q = 1; q < top; ++q) p[q] = hn::Mul(p[q - 1], lane.factor[q - 1]);
      Vec<Real> l0 = hn::Load(d, bra + row(r) * n);
      for (int q = top - 1; q >= 0; --q) {
        const Vec<Real> l1 = hn::TableLookupLanes(l0, LaneOrder<Real>::flipped(q));
        a[q] = hn::MulAdd(l0, p[q], a[q]);
        b[q] = hn::MulAdd(l1, p[q], b[q]);
        l0 = hn::MulAdd(c[q], l0, hn::Mul(s[q], l1));
      }
      scratch[r] = hn::GetLane(l0);
    }
    for (int q = 0; q < top; ++q) finish(q + row_bits, s[q], c[q], a[q], b[q], (1u << q) - 1);
  }
  for (int q = row_bits - 1; q >= 0; --q) {
    const std::size_t size = std::size_t{1} << q;
    const Vec<Real> s = hn::Load(d, sin + q * tile), c = hn::Load(d, cos + q * tile);
    Vec<Real> a = hn::Zero(d), b = hn::Zero(d);
    HWY_ALIGN Real few[3][n] = {};
    for (std::size_t i = 0; i < size; i += n) {
      const bool part = size < n;  // fewer than a register: the other lanes stay zero
      if (part)
        for (std::size_t k = 0; k < size; ++k) {
          few[0][k] = prefix[size + k];
          few[1][k] = scratch[k];
          few[2][k] = scratch[size + k];
        }
      const Vec<Real> p = hn::LoadU(d, part ? few[0] : prefix + size + i);
      const Vec<Real> l0 = hn::LoadU(d, part ? few[1] : scratch + i);
      const Vec<Real> l1 = hn::LoadU(d, part ? few[2] : scratch + size + i);
      a = hn::MulAdd(l0, p, a);
      b = hn::MulAdd(l1, p, b);
      hn::StoreU(hn::MulAdd(c, l0, hn::Mul(s, l1)), d, scratch + i);
    }
    finish(q, s, c, a, b, all_lanes<Real>);
  }
}

/// Where a register lies: index r = rows' part | lane part, one for each lane.
template <class Real>
struct LaneRegister {
  bool whole;                       ///< cut_readout: row r is index r
  std::vector<std::uint32_t> rows;  ///< otherwise: indices whose lane qubits are 0
  std::uint32_t lane_bits = 0;      ///< of an index: its lane qubits
  std::uint32_t lane[lanes<Real>] = {};
  unsigned outer = all_lanes<Real>;  ///< lane qubits that are not in the register

  LaneRegister(int qubits, const std::vector<int>& reg) : whole(cut_readout(qubits, reg)) {
    for (std::size_t p = 0; p < reg.size(); ++p) {
      const int bit = reg[p] - (qubits - lane_qubits<Real>);
      if (bit < 0) continue;
      lane_bits |= std::uint32_t{1} << p;
      outer &= ~(1u << bit);
      for (std::size_t l = 0; l < lanes<Real>; ++l)
        if (l >> bit & 1) lane[l] |= std::uint32_t{1} << p;
    }
    size_ = (std::size_t{1} << reg.size()) >> hwy::PopCount(std::uint64_t{lane_bits});
    for (std::uint32_t r = 0; !whole && rows.size() < size_; r = ((r | lane_bits) + 1) & ~lane_bits)
      rows.push_back(r);
  }
  std::size_t size() const { return size_; }
  std::uint32_t operator[](std::size_t i) const { return whole ? static_cast<std::uint32_t>(i) : rows[i]; }

  /// Elements r | lane part of a diagonal.
  HWY_INLINE Vec<Real> load(const typename Diagonals<Real>::Diagonal& diagonal, std::uint32_t r) const {
    const Tag<Real> d;
    if (whole) return hn::LoadU(d, diagonal.by_lanes.data() + r * lanes<Real>);
    HWY_ALIGN Real x[lanes<Real>];
    for (std::size_t l = 0; l < lanes<Real>; ++l) x[l] = diagonal[r | lane[l]];
    return hn::Load(d, x);
  }
  /// Rows of the other qubits where the lane qubits are 0: the first ones of the list.
  std::size_t outer_rows(const Split& split) const {
    return split.base_row.size() >> hwy::PopCount(std::uint64_t{outer});
  }

 private:
  std::size_t size_;
};

/// run(begin, end) for parts of 0 .. count, in blocks that threads share if there are many.
template <class Real, class Run>
void AmplitudeRange(int qubits, bool many, std::size_t count, const Run& run) {
  const std::size_t blocks = many ? sum_blocks<Real>(qubits) : 1, each = count / blocks;
  for_each_block(amplitude_threads<Real>(qubits), blocks,
                 [&](std::size_t b) HWY_ATTR { run(b * each, (b + 1) * each); });
}

/// Squared amplitudes of Few of a register's indices, from the i-th, over the other qubits' first rows.
template <std::size_t Few, class Real>
HWY_INLINE void AmplitudeSquares(const Split& split, const LaneRegister<Real>& at, std::size_t i,
                                 std::size_t count, State<Real> state, Vec<Real>* sum) {
  const Tag<Real> d;
  std::size_t offset[Few];
  for (std::size_t k = 0; k < Few; ++k) {
    sum[k] = hn::Zero(d);
    offset[k] = split.offset_row[at[i + k]] * lanes<Real>;
  }
  for (std::size_t g = 0; g < count; ++g) {
    const std::size_t base = split.base_row[g] * lanes<Real>;
#pragma GCC unroll 4
    for (std::size_t k = 0; k < Few; ++k) {
      const Vec<Real> x = hn::Load(d, state.re + base + offset[k]);
      sum[k] = hn::MulAdd(x, x, sum[k]);
      if (state.im) {
        const Vec<Real> y = hn::Load(d, state.im + base + offset[k]);
        sum[k] = hn::MulAdd(y, y, sum[k]);
      }
    }
  }
}

/// Probabilities: [rows][lanes] of a readout on all qubits, else [readout index], the same in all lanes.
template <class Real>
void AmplitudeProbabilities(int qubits, const BlockProgram& block, State<Real> state, Real* probability) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const LaneRegister<Real> at(qubits, block.readout_qubits);
  const std::size_t count = at.outer_rows(block.split);
  const auto keep = [&](std::size_t i, Vec<Real> sum) HWY_ATTR {
    if (at.whole) return hn::Store(sum, d, probability + i * n);
    HWY_ALIGN Real x[n];
    hn::Store(AddLanes<Real>(sum, at.outer), d, x);
    for (std::size_t l = 0; l < n; ++l)
      hn::Store(hn::Set(d, x[l]), d, probability + (at[i] | at.lane[l]) * n);
  };
  AmplitudeRange<Real>(qubits, at.whole, at.size(), [&](std::size_t i, std::size_t end) HWY_ATTR {
    Vec<Real> sum[4];
    for (; i + 4 <= end; i += 4) {
      AmplitudeSquares<4>(block.split, at, i, count, state, sum);
      for (std::size_t k = 0; k < 4; ++k) keep(i + k, sum[k]);
    }
    for (; i < end; ++i) {
      AmplitudeSquares<1>(block.split, at, i, count, state, sum);
      keep(i, sum[0]);
    }
  });
}

template <class Real>
Vec<Real> AmplitudeDiagonalDot(int qubits, const BlockProgram& block,
                               const typename Diagonals<Real>::Diagonal& diagonal, const Real* x) {
  if (!cut_readout(qubits, block.readout_qubits)) return DiagonalDotRows<Real>(diagonal, x);
  const Tag<Real> d;
  const LaneRegister<Real> at(qubits, block.readout_qubits);
  Vec<Real> s[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  for (std::size_t r = 0; r < at.size(); r += 4)
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k)
      s[k] = hn::MulAdd(at.load(diagonal, at[r + k]), hn::Load(d, x + (r + k) * lanes<Real>), s[k]);
  return AddLanes<Real>(hn::Add(hn::Add(s[0], s[1]), hn::Add(s[2], s[3])), all_lanes<Real>);
}

template <class Real>
void AmplitudeFoldCotangents(int qubits, const BlockProgram& block, const Diagonals<Real>& diagonals,
                             const Real* cotangents, State<Real> ket, State<Real> bra, bool add) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const LaneRegister<Real> at(qubits, block.readout_qubits);
  const std::size_t count = at.outer_rows(block.split);
  const Vec<Real> two = hn::Set(d, Real(2));
  const auto fold = [&](std::size_t i, std::size_t begin, std::size_t end) HWY_ATTR {
    const std::uint32_t r = at[i];
    Vec<Real> w = hn::Zero(d);
    for (std::size_t v = 0; v < diagonals.value.size(); ++v)
      w = hn::MulAdd(at.load(diagonals.value[v], r), hn::Load(d, cotangents + diagonals.column[v] * tile), w);
    w = hn::Mul(w, two);
    for (std::size_t g = begin; g < end; ++g)
      FoldRow(w, ket, bra, (block.split.base_row[g] + block.split.offset_row[r]) * n, add);
  };
  // The longer of both loops in blocks.
  const bool outer = at.size() > count;
  AmplitudeRange<Real>(qubits, true, outer ? at.size() : count,
                       [&](std::size_t begin, std::size_t end) HWY_ATTR {
                         for (std::size_t i = outer ? begin : 0; i < (outer ? end : at.size()); ++i)
                           fold(i, outer ? 0 : begin, outer ? count : end);
                       });
}

/// ReflectK where Rows gates are on rows' qubits and the others on lane qubits.
template <int Rows, class Real>
void AmplitudeReflectK(const Pass& pass, Groups groups, const LaneGates<Real>& gates, State<Real> in,
                       State<Real> out, const Real* t, const Real* scale) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  constexpr int size = 1 << Rows;
  const Vec<Real> factor = scale ? hn::Load(d, scale) : hn::Set(d, Real(1));
  const Real* from[2] = {in.re, in.im};
  Real* to[2] = {out.re, out.im};
  for (int part = 0; part < 2; ++part) {
    if (!from[part]) continue;
    for (std::size_t g = groups.begin; g < groups.end; ++g) {
      const std::size_t base = pass.base_row[g] * n;
      Vec<Real> a[size];
#pragma GCC unroll 8
      for (int v = 0; v < size; ++v) a[v] = hn::Load(d, from[part] + base + pass.offset_row[v] * n);
#pragma GCC unroll 3
      for (int q = 0; q < Rows; ++q) {
        const Vec<Real> tv = hn::Load(d, t + q * tile);
#pragma GCC unroll 8
        for (int v = 0; v < size; ++v) {
          if (v >> q & 1) continue;
          const Vec<Real> x = a[v], y = a[v | 1 << q];
          a[v] = hn::NegMulAdd(tv, y, x);
          a[v | 1 << q] = hn::NegMulSub(tv, x, y);
        }
      }
      for (int q = 0; q < gates.count; ++q) {
        // Where the qubit is 1 the amplitude itself is subtracted.
        const Vec<Real> minus = hn::Neg(gates.minus[q]);
#pragma GCC unroll 8
        for (int v = 0; v < size; ++v)
          a[v] = hn::NegMulAdd(gates.tangent[q], hn::TableLookupLanes(a[v], gates.flipped[q]),
                               hn::Xor(a[v], minus));
      }
#pragma GCC unroll 8
      for (int v = 0; v < size; ++v)
        hn::Store(hn::Mul(a[v], factor), d, to[part] + base + pass.offset_row[v] * n);
    }
  }
}

/// A product readout's layer: phi = its operator on the ket.
template <class Real>
void AmplitudeReflectLayer(const RyLayer& layer, State<Real> ket, State<Real> phi, const Real* tangents,
                           const Real* scales, const std::uint8_t* scaled) {
  std::vector<AmplitudeStep> steps;
  for (std::size_t p = 0; p < layer.in_place.size(); ++p)
    steps.push_back({p, lanes_of<Real>(layer, layer.in_place[p]).rows, false, false});
  RunSteps<Real>(layer, layer.in_place, steps, {layer.in_place_slot, tangents, scales, scaled},
                 [&](const AmplitudeStep& step, const Pass& pass, Groups groups, const LaneGates<Real>& gates,
                     const Real* t, const Real* scale) HWY_ATTR {
                   const State<Real> in = step.pass == 0 ? ket : phi;
                   if (gates.count == 0) return Reflect(pass, groups, in, phi, t, scale);
                   switch (step.rows) {
                     case 0:
                       return AmplitudeReflectK<0>(pass, groups, gates, in, phi, t, scale);
                     case 1:
                       return AmplitudeReflectK<1>(pass, groups, gates, in, phi, t, scale);
                     case 2:
                       return AmplitudeReflectK<2>(pass, groups, gates, in, phi, t, scale);
                     default:
                       return AmplitudeReflectK<3>(pass, groups, gates, in, phi, t, scale);
                   }
                 });
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
