// SPDX-License-Identifier: Apache-2.0
// Mixes and whole layers of the state of one sample whose top qubits are the lanes. Compiled once per
// instruction set.
#if defined(QMTL_ENGINE_AMPLITUDE_MIX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_AMPLITUDE_MIX_INL_H_
#undef QMTL_ENGINE_AMPLITUDE_MIX_INL_H_
#else
#define QMTL_ENGINE_AMPLITUDE_MIX_INL_H_
#endif

#include "runtime/engine/amplitude_passes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// Where the lanes of a mix's output rows come from. Sources are linear over XOR: that of (row, lane) is the
/// row's XOR the lane's.
template <class Real>
class MixLanes {
 public:
  using D = hn::RebindToUnsigned<Tag<Real>>;
  using Number = hn::TFromD<D>;
  using Places = hn::Vec<hn::RebindToSigned<Tag<Real>>>;

  explicit MixLanes(const Mix& mix)
      : source_(mix.source.data()), bits_(static_cast<int>(mix.bits.size()) - lane_qubits<Real>) {
    HWY_ALIGN Number rows[lanes<Real>], lane[lanes<Real>];
    for (std::size_t l = 0; l < lanes<Real>; ++l) {
      const std::uint32_t from = source_[l << bits_];
      rows[l] = from & mask();
      lane[l] = from >> bits_;
      moves_ |= rows[l] != 0 || lane[l] != l;
    }
    rows_ = hn::Load(D(), rows);
    lane_ = hn::Load(D(), lane);
    // Rows that all sources keep in their lanes are moved whole.
    for (int q = 0; q < bits_ && !moves_; ++q) moves_ = source_[std::size_t{1} << q] >> bits_ != 0;
  }

  /// Whether lanes change, or the amplitudes of a row come from several.
  bool moves() const { return moves_; }
  std::size_t rows() const { return std::size_t{1} << bits_; }
  /// The place of the row's source where no lane moves.
  std::size_t whole(std::uint32_t j) const { return row(source_[j]) * lanes<Real>; }
  /// The places of the sources of row j's lanes.
  HWY_INLINE Places places(std::uint32_t j) const {
    const D d;
    const auto i = hn::Xor(rows_, hn::Set(d, static_cast<Number>(source_[j] & mask())));
    const auto l = hn::Xor(lane_, hn::Set(d, static_cast<Number>(source_[j] >> bits_)));
    const auto place = hn::Add(hn::ShiftLeft<lane_qubits<Real>>(hn::Add(i, hn::ShiftRight<6>(i))), l);
    return hn::BitCast(hn::RebindToSigned<Tag<Real>>(), place);
  }

 private:
  std::uint32_t mask() const { return (std::uint32_t{1} << bits_) - 1; }

  const std::uint32_t* source_;
  int bits_;
  bool moves_ = false;
  hn::Vec<D> rows_, lane_;
};

/// Multiplies by the signs of a real table's row.
template <class Real>
HWY_INLINE Vec<Real> FlipSigns(const PhaseTable<Real>& table, std::uint32_t j, Vec<Real> x) {
  const Tag<Real> d;
  return hn::IfThenElse(hn::LoadMaskBits(d, table.lane_signs.data() + j), hn::Neg(x), x);
}

/// Row j of a mix's output.
template <bool Moves, bool ComplexIn, bool Phases, class Real>
HWY_INLINE void LoadMixed(const MixLanes<Real>& lanes_in, const PhaseTable<Real>& table, State<Real> in,
                          std::uint32_t j, Vec<Real>& a, Vec<Real>& b) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  Vec<Real> x, y = hn::Zero(d);
  if constexpr (Moves) {
    const auto places = lanes_in.places(j);
    x = hn::GatherIndex(d, in.re, places);
    if constexpr (ComplexIn) y = hn::GatherIndex(d, in.im, places);
  } else {
    const std::size_t from = lanes_in.whole(j);
    x = hn::Load(d, in.re + from);
    if constexpr (ComplexIn) y = hn::Load(d, in.im + from);
  }
  if constexpr (Phases) {
    const Vec<Real> re = hn::LoadU(d, table.lane_re.data() + j * n),
                    im = hn::LoadU(d, table.lane_im.data() + j * n);
    a = hn::Mul(x, re);
    b = hn::Mul(x, im);
    if constexpr (ComplexIn) {
      a = hn::NegMulAdd(y, im, a);
      b = hn::MulAdd(y, re, b);
    }
  } else {
    a = FlipSigns(table, j, x);
    if constexpr (ComplexIn) b = FlipSigns(table, j, y);
  }
}

/// Calls kernel.template run<Moves, ComplexIn, Phases>().
template <class Kernel>
HWY_INLINE void WithMixKind(bool moves, bool complex, bool phases, const Kernel& kernel) {
  switch ((moves ? 4 : 0) + (complex ? 2 : 0) + (phases ? 1 : 0)) {
    case 0:
      return kernel.template run<false, false, false>();
    case 1:
      return kernel.template run<false, false, true>();
    case 2:
      return kernel.template run<false, true, false>();
    case 3:
      return kernel.template run<false, true, true>();
    case 4:
      return kernel.template run<true, false, false>();
    case 5:
      return kernel.template run<true, false, true>();
    case 6:
      return kernel.template run<true, true, false>();
    default:
      return kernel.template run<true, true, true>();
  }
}

/// First step of a layer: reads `in` through the mix before it, rotates, writes `out`.
template <class Real>
struct RotateMixedStep {
  const Pass& pass;
  int row_gates;
  Groups groups;
  const LaneGates<Real>& gates;
  const MixLanes<Real>& lanes_in;
  const PhaseTable<Real>& table;
  State<Real> in, out;
  const Real *t, *scale;

  template <bool Moves, bool ComplexIn, bool Phases>
  void run() const {
    switch (row_gates) {
      case 0:
        return rotate<0, Moves, ComplexIn, Phases>();
      case 1:
        return rotate<1, Moves, ComplexIn, Phases>();
      case 2:
        return rotate<2, Moves, ComplexIn, Phases>();
      default:
        return rotate<3, Moves, ComplexIn, Phases>();
    }
  }

 private:
  template <int Rows, bool Moves, bool ComplexIn, bool Phases>
  void rotate() const {
    const Tag<Real> d;
    constexpr std::size_t n = lanes<Real>;
    constexpr int size = 1 << Rows;
    constexpr bool complex_out = ComplexIn || Phases;
    Vec<Real> tv[Rows > 0 ? Rows : 1];
    for (int q = 0; q < Rows; ++q) tv[q] = hn::Load(d, t + q * tile);
    const Vec<Real> factor = scale ? hn::Load(d, scale) : hn::Set(d, Real(1));
    for (std::size_t g = groups.begin; g < groups.end; ++g) {
      Vec<Real> a[size], b[size];
#pragma GCC unroll 8
      for (int v = 0; v < size; ++v)
        LoadMixed<Moves, ComplexIn, Phases>(lanes_in, table, in, pass.base[g] + pass.offset[v], a[v], b[v]);
      if constexpr (Rows > 0) RotateRegisters<Rows, false>(a, tv);
      RotateLanes<size, false, Real>(a, gates);
      if constexpr (complex_out) {
        if constexpr (Rows > 0) RotateRegisters<Rows, false>(b, tv);
        RotateLanes<size, false, Real>(b, gates);
      }
#pragma GCC unroll 8
      for (int v = 0; v < size; ++v) {
        const std::size_t to = (pass.base_row[g] + pass.offset_row[v]) * n;
        hn::Store(hn::Mul(a[v], factor), d, out.re + to);
        if constexpr (complex_out) hn::Store(hn::Mul(b[v], factor), d, out.im + to);
      }
    }
  }
};

template <class Real>
void AmplitudeForwardLayer(const RyLayer& layer, const Mix& mix, const PhaseTable<Real>& table,
                           State<Real> in, State<Real> out, const Real* tangents, const Real* scales,
                           const std::uint8_t* scaled) {
  const MixLanes<Real> lanes_in(mix);
  const std::vector<AmplitudeStep> steps =
      amplitude_steps<Real>(layer, layer.rotate, scaled + layer.rotate_slot);
  RunSteps<Real>(layer, layer.rotate, steps, {layer.rotate_slot, tangents, scales, scaled},
                 [&](const AmplitudeStep& step, const Pass& pass, Groups groups, const LaneGates<Real>& gates,
                     const Real* t, const Real* scale) HWY_ATTR {
                   if (step.pass > 0) return RotateStep<false>(pass, step.rows, groups, gates, out, t, scale);
                   WithMixKind(lanes_in.moves(), in.im != nullptr, !table.im.empty(),
                               RotateMixedStep<Real>{pass, step.rows, groups, gates, lanes_in, table, in, out,
                                                     t, scale});
                 });
}

/// run(begin, end) for a mix's output rows, block by block.
template <class Real, class Run>
void AmplitudeRows(const Mix& mix, const Run& run) {
  const int qubits = static_cast<int>(mix.bits.size());
  const std::size_t blocks = sum_blocks<Real>(qubits);
  const auto each = static_cast<std::uint32_t>((mix.source.size() >> lane_qubits<Real>) / blocks);
  for_each_block(amplitude_threads<Real>(qubits), blocks, [&](std::size_t b) HWY_ATTR {
    run(static_cast<std::uint32_t>(b) * each, static_cast<std::uint32_t>(b + 1) * each);
  });
}

template <class Real>
struct AmplitudeMixRows {
  const MixLanes<Real>& lanes_in;
  const PhaseTable<Real>& table;
  State<Real> in, out;
  std::uint32_t begin, end;
  template <bool Moves, bool ComplexIn, bool Phases>
  void run() const {
    const Tag<Real> d;
    for (std::uint32_t j = begin; j < end; ++j) {
      Vec<Real> a, b;
      LoadMixed<Moves, ComplexIn, Phases>(lanes_in, table, in, j, a, b);
      hn::Store(a, d, out.re + row(j) * lanes<Real>);
      if constexpr (ComplexIn || Phases) hn::Store(b, d, out.im + row(j) * lanes<Real>);
    }
  }
};

template <class Real>
void AmplitudeApplyMix(const Mix& mix, const PhaseTable<Real>& table, State<Real> in, State<Real> out) {
  const MixLanes<Real> lanes_in(mix);
  AmplitudeRows<Real>(mix, [&](std::uint32_t begin, std::uint32_t end) HWY_ATTR {
    WithMixKind(lanes_in.moves(), in.im != nullptr, !table.im.empty(),
                AmplitudeMixRows<Real>{lanes_in, table, in, out, begin, end});
  });
}

/// Back through a mix, as UnmixRows. Complex: the bra has an imaginary part.
template <bool Add, class Real>
struct AmplitudeUnmixRows {
  const MixLanes<Real>& lanes_in;
  const PhaseTable<Real>& table;
  State<Real> after, before, ket;
  Real* phase_gradient;
  std::uint32_t begin, end;

  template <bool Moves, bool Complex, bool Phases>
  void run() const {
    const Tag<Real> d;
    constexpr std::size_t n = lanes<Real>;
    for (std::uint32_t j = begin; j < end; ++j) {
      const std::size_t from = row(j) * n;
      const Vec<Real> x = hn::Load(d, after.re + from);
      Vec<Real> a = x, b = hn::Zero(d);
      if constexpr (Complex) {
        const Vec<Real> y = hn::Load(d, after.im + from);
        if constexpr (Phases) {
          const Vec<Real> re = hn::LoadU(d, table.lane_re.data() + j * n),
                          im = hn::LoadU(d, table.lane_im.data() + j * n);
          a = hn::MulAdd(y, im, hn::Mul(x, re));
          b = hn::NegMulAdd(x, im, hn::Mul(y, re));
        } else {
          a = FlipSigns(table, j, x);
          b = FlipSigns(table, j, y);
        }
      } else {
        a = FlipSigns(table, j, x);
      }
      if constexpr (Moves) {
        const auto places = lanes_in.places(j);
        if (phase_gradient) {
          Vec<Real> g =
              hn::MulAdd(b, hn::GatherIndex(d, ket.re, places), hn::GatherIndex(d, phase_gradient, places));
          if (ket.im) g = hn::NegMulAdd(a, hn::GatherIndex(d, ket.im, places), g);
          hn::ScatterIndex(g, d, phase_gradient, places);
        }
        scatter(a, places, before.re);
        if (ket.im) scatter(b, places, before.im);
      } else {
        const std::size_t to = lanes_in.whole(j);
        if (phase_gradient) {
          Vec<Real> g = hn::MulAdd(b, hn::Load(d, ket.re + to), hn::Load(d, phase_gradient + to));
          if (ket.im) g = hn::NegMulAdd(a, hn::Load(d, ket.im + to), g);
          hn::Store(g, d, phase_gradient + to);
        }
        store(a, before.re + to);
        if (ket.im) store(b, before.im + to);
      }
    }
  }

 private:
  static HWY_INLINE void store(Vec<Real> x, Real* to) {
    const Tag<Real> d;
    hn::Store(Add ? hn::Add(x, hn::Load(d, to)) : x, d, to);
  }
  static HWY_INLINE void scatter(Vec<Real> x, typename MixLanes<Real>::Places places, Real* to) {
    const Tag<Real> d;
    if constexpr (Add) x = hn::Add(x, hn::GatherIndex(d, to, places));
    hn::ScatterIndex(x, d, to, places);
  }
};

template <bool Add, class Real>
void AmplitudeUnmix(const Mix& mix, const PhaseTable<Real>& table, State<Real> after, State<Real> before,
                    State<Real> ket, Real* phase_gradient) {
  const MixLanes<Real> lanes_in(mix);
  AmplitudeRows<Real>(mix, [&](std::uint32_t begin, std::uint32_t end) HWY_ATTR {
    WithMixKind(
        lanes_in.moves(), after.im != nullptr, after.im && !table.im.empty(),
        AmplitudeUnmixRows<Add, Real>{lanes_in, table, after, before, ket, phase_gradient, begin, end});
  });
}

template <class Real>
void AmplitudeBackwardLayer(const RyLayer& layer, State<Real> bra, State<Real> ket, const Real* tangents,
                            const Real* scales, const std::uint8_t* scaled, Real* gradients) {
  AmplitudeLayerGradients(layer, bra, ket, gradients + layer.slot * tile);
  const std::vector<AmplitudeStep> steps =
      amplitude_steps<Real>(layer, layer.in_place, scaled + layer.in_place_slot);
  RunSteps<Real>(layer, layer.in_place, steps, {layer.in_place_slot, tangents, scales, scaled},
                 [&](const AmplitudeStep& step, const Pass& pass, Groups groups, const LaneGates<Real>& gates,
                     const Real* t, const Real* scale)
                     HWY_ATTR { RotateStep<true>(pass, step.rows, groups, gates, bra, t, scale); });
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
