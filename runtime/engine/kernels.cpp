// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/kernels.h"

#include "runtime/engine/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/engine/kernels.cpp"
#include "hwy/foreach_target.h"
//
#include "hwy/highway.h"
#include "runtime/engine/expansion-inl.h"
#include "runtime/engine/rows-inl.h"
#include "runtime/engine/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

template <class Real>
std::size_t Workspace(const Bound<Real>& bound, bool gradient) {
  Layout<Real> layout;
  return MakeLayout<Real>(bound, gradient, nullptr, layout);
}

template <class Real>
void RunTile(const Bound<Real>& bound, const TileData<Real>& data, UnitSums<Real>* sums, Real* workspace) {
  const Program& program = *bound.program;
  thread_local Layout<Real> layout;
  MakeLayout(bound, sums != nullptr, workspace, layout);
  Prepare(bound, data, layout);
  for (int sub = 0; sub < static_cast<int>(tile / lanes<Real>); ++sub)
    SubTile<Real>(bound, data, sums, layout, sub).run();
  if (!sums) return;
  const Prepared<Real>& p = layout.prepared;
  const RyLayer& product = program.shared.front();
  for (std::size_t g = 0; g < product.gates.size(); ++g)
    std::copy_n(p.product_gradients + product.gates[g].qubit * tile, tile, p.gradients + g * tile);
  for (std::size_t g = 0; g < static_cast<std::size_t>(program.gates); ++g) {
    const Real* gradient = p.gradients + g * tile;
    sums->gate[g] += TileSum(gradient);
    for (const int term : bound.sample_terms[g])
      for (int b = 0; b < tile; ++b) data.angle_gradients[term * tile + b] += gradient[b];
  }
}

template <class Real>
const KernelTable<Real>* Table() {
  static const KernelTable<Real> table{HWY_TARGET,
                                       {static_cast<int>(lanes<Real>), SumRows<Real>},
                                       RowsToTile<Real>,
                                       TileToRows<Real>,
                                       Workspace<Real>,
                                       RunTile<Real>,
                                       ExpansionWorkspace<Real>,
                                       RunExpansion<Real>,
                                       SinCosArray<Real>,
                                       FmaBurst<Real>};
  return &table;
}
const KernelTable<float>* FloatTable() { return Table<float>(); }
const KernelTable<double>* DoubleTable() { return Table<double>(); }

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qmtl::engine {
HWY_EXPORT(FloatTable);
HWY_EXPORT(DoubleTable);
template <>
const KernelTable<float>& kernel_table<float>() {
  return *HWY_DYNAMIC_DISPATCH(FloatTable)();
}
template <>
const KernelTable<double>& kernel_table<double>() {
  return *HWY_DYNAMIC_DISPATCH(DoubleTable)();
}
}  // namespace qmtl::engine
#endif
