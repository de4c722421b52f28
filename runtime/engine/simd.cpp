// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/simd.h"

#include <algorithm>
#include <array>
#include <string>

#include "hwy/targets.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

using engine::KernelTable;
using engine::UnitaryKernels;

/// One instruction set that the library was built for.
struct TargetRow {
  SimdTarget target;
  std::string_view name;
  std::int64_t bit;  ///< Highway's
  const KernelTable<float>& (*float_kernels)();
  const KernelTable<double>& (*double_kernels)();
  const UnitaryKernels<float>& (*float_unitaries)();
  const UnitaryKernels<double>& (*double_unitaries)();
};

template <SimdTarget target>
constexpr TargetRow row(std::string_view name, std::int64_t bit) {
  return {target,
          name,
          bit,
          engine::kernel_table<target, float>,
          engine::kernel_table<target, double>,
          engine::unitary_kernels<target, float>,
          engine::unitary_kernels<target, double>};
}

/// Best first. The scalar target is Highway's portable code, without vector instructions of its own.
constexpr std::array target_rows{
#ifdef QMTL_HAS_avx512
    row<SimdTarget::avx512>("avx512", HWY_AVX3),
#endif
#ifdef QMTL_HAS_avx2
    row<SimdTarget::avx2>("avx2", HWY_AVX2),
#endif
#ifdef QMTL_HAS_sse4
    row<SimdTarget::sse4>("sse4", HWY_SSE4),
#endif
    row<SimdTarget::scalar>("scalar", HWY_BASELINE_SCALAR)};

std::string choices() {
  std::string text;
  for (SimdTarget target : available_targets())
    text += (text.empty() ? "" : ", ") + std::string(name(target));
  return text;
}

/// Throws Error (usage) naming the available ones if this machine, or the library, lacks it.
const TargetRow& row_of(SimdTarget target) {
  const std::vector<SimdTarget> available = available_targets();
  if (target == SimdTarget::best) target = available.front();
  for (const TargetRow& row : target_rows)
    if (row.target == target && std::find(available.begin(), available.end(), target) != available.end())
      return row;
  throw usage_error("SIMD target '" + std::string(name(target)) +
                    "' does not exist on this machine; it has " + choices());
}

}  // namespace

std::string_view name(SimdTarget target) {
  static constexpr std::array<std::string_view, 5> names{"best", "avx512", "avx2", "sse4", "scalar"};
  static_assert(names.size() == static_cast<std::size_t>(SimdTarget::scalar) + 1);
  return names[static_cast<std::size_t>(target)];
}

std::string_view rounding_of(SimdTarget target) {
  if (target == SimdTarget::best) target = available_targets().front();
  return target == SimdTarget::avx512 || target == SimdTarget::avx2 ? "fused" : "separate";
}

SimdTarget parse_simd_target(std::string_view text) {
  if (text == "auto") return SimdTarget::best;
  for (const SimdTarget target :
       {SimdTarget::best, SimdTarget::avx512, SimdTarget::avx2, SimdTarget::sse4, SimdTarget::scalar})
    if (name(target) == text) return target;
  throw usage_error("SIMD target: expected best, " + choices() + ", found '" + std::string(text) + "'");
}

std::vector<SimdTarget> available_targets() {
  static const std::int64_t supported = hwy::SupportedTargets() | HWY_BASELINE_SCALAR;
  std::vector<SimdTarget> found;
  for (const TargetRow& row : target_rows)
    if (row.bit & supported) found.push_back(row.target);
  return found;
}

namespace engine {

template <>
const KernelTable<float>& kernels_for<float>(SimdTarget target) {
  return row_of(target).float_kernels();
}
template <>
const KernelTable<double>& kernels_for<double>(SimdTarget target) {
  return row_of(target).double_kernels();
}
template <>
StepKernels<float> step_kernels_for<float>(SimdTarget target) {
  const TargetRow& row = row_of(target);
  return {row.double_kernels(), row.float_unitaries()};
}
template <>
StepKernels<double> step_kernels_for<double>(SimdTarget target) {
  const TargetRow& row = row_of(target);
  return {row.double_kernels(), row.double_unitaries()};
}

}  // namespace engine
}  // namespace qmtl
