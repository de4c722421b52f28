// SPDX-License-Identifier: Apache-2.0
// How a tile of few samples runs through a large state: one sample after another, amplitudes as lanes.
// Compiled once per instruction set.
#if defined(QMTL_ENGINE_AMPLITUDE_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_AMPLITUDE_TILE_INL_H_
#undef QMTL_ENGINE_AMPLITUDE_TILE_INL_H_
#else
#define QMTL_ENGINE_AMPLITUDE_TILE_INL_H_
#endif

#include "runtime/engine/amplitude_registers-inl.h"
#include "runtime/engine/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// A SubTile's Mode: the lanes are amplitudes of one sample, whose numbers are the same in all lanes.
template <class Real>
struct AmplitudeLanes {
  static constexpr bool amplitudes = true;

  /// States so large start with no numbers (most_start_qubits).
  static void first_state(const Program& program, const Real*, const Real* sin, const Real* cos, Real* prefix,
                          Real* out) {
    AmplitudeProductState(program.qubits, sin, cos, prefix, out);
  }
  static void first_gradient(const Program& program, const Real*, const Real* sin, const Real* cos,
                             const Real* prefix, Real* bra, Real* scratch, Real* gradient, Real*) {
    AmplitudeProductGradient(program.qubits, sin, cos, prefix, bra, scratch, gradient);
  }
  static void forward(const RyLayer& layer, const Mix& mix, const PhaseTable<Real>& table, State<Real> in,
                      State<Real> out, const Real* tangents, const Real* scales, const std::uint8_t* scaled) {
    AmplitudeForwardLayer(layer, mix, table, in, out, tangents, scales, scaled);
  }
  static void backward(const RyLayer& layer, State<Real> bra, State<Real> ket, const Real* tangents,
                       const Real* scales, const std::uint8_t* scaled, Real* gradients) {
    AmplitudeBackwardLayer(layer, bra, ket, tangents, scales, scaled, gradients);
  }
  static void gradients(const RyLayer& layer, State<Real> bra, State<Real> ket, Real* to) {
    AmplitudeLayerGradients(layer, bra, ket, to);
  }
  static void apply(const Mix& mix, const PhaseTable<Real>& table, State<Real> in, State<Real> out) {
    AmplitudeApplyMix(mix, table, in, out);
  }
  template <bool Add>
  static void unmix(const Mix& mix, const PhaseTable<Real>& table, State<Real> after, State<Real> before,
                    State<Real> ket, Real* phase_gradient) {
    AmplitudeUnmix<Add>(mix, table, after, before, ket, phase_gradient);
  }
  static void reflect(const RyLayer& layer, State<Real> ket, State<Real> phi, const Real* tangents,
                      const Real* scales, const std::uint8_t* scaled) {
    AmplitudeReflectLayer(layer, ket, phi, tangents, scales, scaled);
  }
  static Vec<Real> dot(int qubits, State<Real> a, State<Real> b) {
    return AddLanes<Real>(DotRows(0, row_count(qubits), a, b), all_lanes<Real>);
  }
  static void add_scaled(int qubits, Vec<Real> factor, State<Real> state, State<Real> bra, bool add) {
    AddScaledRows(row_count(qubits), factor, state, bra, add);
  }
  static void probabilities(int qubits, const BlockProgram& block, State<Real> state, Real* probability) {
    AmplitudeProbabilities(qubits, block, state, probability);
  }
  static Vec<Real> diagonal_dot(int qubits, const BlockProgram& block,
                                const typename Diagonals<Real>::Diagonal& diagonal, const Real* probability) {
    return AmplitudeDiagonalDot(qubits, block, diagonal, probability);
  }
  static void diagonal_values(int qubits, const BlockProgram& block, const Diagonals<Real>& diagonals,
                              const Real* probability, Real* values) {
    for (std::size_t v = 0; v < diagonals.value.size(); ++v)
      hn::Store(AmplitudeDiagonalDot(qubits, block, diagonals.value[v], probability), Tag<Real>(),
                values + diagonals.column[v] * tile);
  }
  static void fold(int qubits, const BlockProgram& block, const Diagonals<Real>& diagonals,
                   const Real* cotangents, State<Real> ket, State<Real> bra, bool add) {
    AmplitudeFoldCotangents(qubits, block, diagonals, cotangents, ket, bra, add);
  }

  static void density(const RegisterOperators<Real>& reg, int qubits, State<Real> ket, Real* rho) {
    reg.complex ? AmplitudeDensity<true>(reg, qubits, ket, rho)
                : AmplitudeDensity<false>(reg, qubits, ket, rho);
  }
  static void hermitian(const RegisterOperators<Real>& reg, int qubits, const Real* weights, Real* matrix,
                        State<Real> ket, State<Real> bra, bool add) {
    reg.complex ? AmplitudeHermitian<true>(reg, qubits, weights, matrix, ket, bra, add)
                : AmplitudeHermitian<false>(reg, qubits, weights, matrix, ket, bra, add);
  }

 private:
  static std::uint32_t row_count(int qubits) { return std::uint32_t{1} << (qubits - lane_qubits<Real>); }
};

template <class Real>
bool TakesAmplitudes(const Bound<Real>& bound) {
  return amplitude_lanes<Real> && cut_sums(bound.program->qubits);
}

/// Samples as lanes pay for the lanes without a sample, amplitudes for exchanges of lanes, up to half as much
/// again where mixes move them. From 18 qubits on amplitudes win always: the states of a register of samples
/// are beyond the caches.
template <class Real>
bool UsesAmplitudes(const Bound<Real>& bound, std::size_t samples, LaneUse use) {
  if (use == LaneUse::samples || !TakesAmplitudes(bound)) return false;
  const std::size_t run = (samples + lanes<Real> - 1) / lanes<Real> * lanes<Real>;
  return use == LaneUse::amplitudes || bound.program->qubits >= 18 || 3 * samples <= 2 * run;
}

/// Lanes::sum_amplitudes.
template <class Real>
void SumAmplitudes(const Real* parts, std::size_t samples, int qubits, double* sums) {
  constexpr std::size_t n = lane_values<Real>;
  const int row_bits = qubits - lane_qubits<Real>;
  const std::size_t stride = rows(row_bits) * n;
  for (std::size_t lane = 0; lane < n; ++lane)
    for (std::uint32_t r = 0; r < std::uint32_t{1} << row_bits; ++r) {
      Real x[tile] = {};
      for (std::size_t s = 0; s < samples; ++s) x[s] = parts[s * stride + row(r) * n + lane];
      *sums++ += TileSum(x);
    }
}

/// rows[count][16]: all samples get the values of one.
template <class Real>
void Spread(const Real* from, std::size_t count, std::size_t sample, Real* to) {
  for (std::size_t i = 0; i < count; ++i) std::fill_n(to + i * tile, tile, from[i * tile + sample]);
}

/// Where the sample that is run lies in the workspace.
template <class Real>
struct AmplitudeLayout {
  std::size_t columns = 0;                       ///< of the values
  Real *values, *cotangents, *first_cotangents;  ///< in all lanes; in the first one alone
  Layout<Real> layout;
};

template <class Real>
void TakeAmplitudes(const Bound<Real>& bound, bool gradient, Arena<Real>& arena, AmplitudeLayout<Real>& own) {
  own.columns = 0;
  for (const Diagonals<Real>& diagonals : bound.diagonals)
    for (const int column : diagonals.column) own.columns = std::max<std::size_t>(own.columns, column + 1);
  for (const RegisterOperators<Real>& reg : bound.registers)
    for (const int column : reg.columns) own.columns = std::max<std::size_t>(own.columns, column + 1);
  TakePrepared(*bound.program, arena, own.layout.prepared);
  own.values = arena.take(own.columns * tile);
  own.cotangents = arena.take(own.columns * tile);
  own.first_cotangents = arena.take(own.columns * tile);
  TakeStates(bound, gradient, bound.program->qubits - lane_qubits<Real>, arena, own.layout);
}

/// p: the tile's angles, which get its gradients; arena: memory behind it.
template <class Real>
void RunAmplitudes(const Bound<Real>& bound, const TileData<Real>& data, UnitSums<Real>* sums,
                   const Prepared<Real>& p, Arena<Real> arena) {
  const Program& program = *bound.program;
  const std::size_t gates = program.gates, qubits = program.qubits, passes = program.passes;
  thread_local AmplitudeLayout<Real> own;
  TakeAmplitudes(bound, sums != nullptr, arena, own);
  const Prepared<Real>& q = own.layout.prepared;
  std::copy_n(p.scaled, passes, q.scaled);
  if (sums) {
    std::fill_n(p.gradients, gates * tile, Real(0));
    std::fill_n(p.product_gradients, qubits * tile, Real(0));
  }
  for (std::size_t sample = 0; sample < data.samples; ++sample) {
    Spread(p.tangents, gates, sample, q.tangents);
    Spread(p.scales, passes, sample, q.scales);
    Spread(p.product_sin, qubits, sample, q.product_sin);
    Spread(p.product_cos, qubits, sample, q.product_cos);
    for (std::size_t column = 0; sums && column < own.columns; ++column) {
      const Real cotangent = data.cotangents[column * tile + sample];
      std::fill_n(own.cotangents + column * tile, tile, cotangent);
      std::fill_n(own.first_cotangents + column * tile, tile, Real(0));
      own.first_cotangents[column * tile] = cotangent;
    }
    TileData<Real> one;
    one.values = own.values;
    one.cotangents = own.cotangents;
    SubTile<Real, AmplitudeLanes<Real>>(bound, one, sums, own.layout, static_cast<int>(sample),
                                        own.first_cotangents)
        .run();
    const auto copy_values = [&](const std::vector<int>& columns) {
      for (const int column : columns) data.values[column * tile + sample] = own.values[column * tile];
    };
    for (const Diagonals<Real>& diagonals : bound.diagonals) copy_values(diagonals.column);
    for (const RegisterOperators<Real>& reg : bound.registers) copy_values(reg.columns);
    if (!sums) continue;
    for (std::size_t g = 0; g < gates; ++g) p.gradients[g * tile + sample] = q.gradients[g * tile];
    for (std::size_t i = 0; i < qubits; ++i)
      p.product_gradients[i * tile + sample] = q.product_gradients[i * tile];
  }
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
