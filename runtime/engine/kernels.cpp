// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/kernels.h"

#include "runtime/engine/targets.h"
//
#include "hwy/highway.h"
#include "runtime/engine/amplitude_tile-inl.h"
#include "runtime/engine/expansion-inl.h"
#include "runtime/engine/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

template <class Real>
std::size_t Workspace(const Bound<Real>& bound, bool gradient) {
  Layout<Real> layout;
  const std::size_t samples = MakeLayout<Real>(bound, gradient, nullptr, layout);
  if (!TakesAmplitudes(bound)) return samples;
  AmplitudeLayout<Real> one;
  Arena<Real> arena{nullptr};
  TakePrepared(*bound.program, arena, layout.prepared);
  TakeAmplitudes(bound, gradient, arena, one);
  return std::max(samples, arena.used);
}

template <class Real>
void RunTile(const Bound<Real>& bound, const TileData<Real>& data, UnitSums<Real>* sums, Real* workspace) {
  const Program& program = *bound.program;
  thread_local Layout<Real> layout;
  Arena<Real> arena{workspace};
  TakePrepared(program, arena, layout.prepared);
  const Prepared<Real>& p = layout.prepared;
  const bool resumed = data.kept && sums;
  // What was prepared is in its place still.
  if (!resumed) Prepare(bound, data, layout);
  bool amplitudes = false;
  if constexpr (amplitude_lanes<Real>) {
    amplitudes = UsesAmplitudes(bound, data.samples, data.lanes) &&
                 (!sums || program.gradient_slots == 0 || sums->phase_samples > 0);
    if (amplitudes) RunAmplitudes(bound, data, sums, p, arena);
  }
  if (!amplitudes) {
    TakeStates(bound, sums != nullptr || data.kept, program.qubits, arena, layout);
    const std::size_t subs = (data.samples + lanes<Real> - 1) / lanes<Real>, run = subs * lanes<Real>;
    layout.kept = resumed && subs == 1 && !UsesAmplitudes(bound, data.samples, data.lanes);
    for (std::size_t sub = 0; sub < subs; ++sub)
      SubTile<Real>(bound, data, sums, layout, static_cast<int>(sub)).run();
    for (std::size_t q = 0; sums && q < static_cast<std::size_t>(program.qubits); ++q)
      std::fill(p.product_gradients + q * tile + run, p.product_gradients + (q + 1) * tile, Real(0));
    for (std::size_t g = 0; sums && g < static_cast<std::size_t>(program.gates); ++g)
      std::fill(p.gradients + g * tile + run, p.gradients + (g + 1) * tile, Real(0));
  }
  if (!sums) return;
  const RyLayer& product = program.shared.front();
  for (std::size_t g = 0; g < product.gates.size(); ++g)
    std::copy_n(p.product_gradients + product.gates[g].qubit * tile, tile, p.gradients + g * tile);
  for (std::size_t g = 0; g < static_cast<std::size_t>(program.gates); ++g) {
    Real* gradient = p.gradients + g * tile;
    // The terms of a turn are half its angle.
    if (program.turn_of[g] >= 0)
      for (int b = 0; b < tile; ++b) gradient[b] *= 2;
    sums->gate[g] += TileSum(gradient);
    for (const int term : bound.sample_terms[g])
      for (int b = 0; b < tile; ++b) data.angle_gradients[term * tile + b] += gradient[b];
  }
}

template <class Real>
const KernelTable<Real>& Table() {
  static const KernelTable<Real> table{SimdTarget::QMTL_SIMD_TARGET,
                                       {static_cast<int>(lanes<Real>), SumRows<Real>, SumAmplitudes<Real>},
                                       RowsToTile<Real>,
                                       TileToRows<Real>,
                                       AllBelow<Real>,
                                       Workspace<Real>,
                                       UsesAmplitudes<Real>,
                                       RunTile<Real>,
                                       ExpansionWorkspace<Real>,
                                       RunExpansion<Real>,
                                       SinCosArray<Real>,
                                       FmaBurst<Real>};
  return table;
}

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

namespace qmtl::engine {
template <>
const KernelTable<float>& kernel_table<SimdTarget::QMTL_SIMD_TARGET, float>() {
  return HWY_NAMESPACE::Table<float>();
}
template <>
const KernelTable<double>& kernel_table<SimdTarget::QMTL_SIMD_TARGET, double>() {
  return HWY_NAMESPACE::Table<double>();
}
}  // namespace qmtl::engine
