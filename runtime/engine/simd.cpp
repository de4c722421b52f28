// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/simd.h"

#include <array>
#include <mutex>

#include "runtime/engine/targets.h"
//
#include "hwy/highway.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

struct TargetRow {
  SimdTarget target;
  std::string_view name;
  std::int64_t bit;
};
/// Best first. The scalar target is Highway's portable code, without vector instructions of its own.
constexpr std::array<TargetRow, 4> target_rows{{{SimdTarget::avx512, "avx512", HWY_AVX3},
                                                {SimdTarget::avx2, "avx2", HWY_AVX2},
                                                {SimdTarget::sse4, "sse4", HWY_SSE4},
                                                {SimdTarget::scalar, "scalar", HWY_BASELINE_SCALAR}}};

std::string choices() {
  std::string text;
  for (SimdTarget target : available_targets())
    text += (text.empty() ? "" : ", ") + std::string(name(target));
  return text;
}

}  // namespace

std::string_view name(SimdTarget target) {
  for (const TargetRow& row : target_rows)
    if (row.target == target) return row.name;
  return "best";
}

SimdTarget parse_simd_target(std::string_view text) {
  if (text == "best" || text == "auto") return SimdTarget::best;
  for (const TargetRow& row : target_rows)
    if (row.name == text) return row.target;
  throw usage_error("SIMD target: expected best, " + choices() + ", found '" + std::string(text) + "'");
}

std::vector<SimdTarget> available_targets() {
  static const std::int64_t supported = (hwy::SupportedTargets() | HWY_BASELINE_SCALAR) & HWY_TARGETS;
  std::vector<SimdTarget> found;
  for (const TargetRow& row : target_rows)
    if (row.bit & supported) found.push_back(row.target);
  return found;
}

namespace engine {

namespace {

/// What `table` gives while that target is the only one. Throws as kernels_for.
template <class Table>
const Table& table_for(SimdTarget target, const Table& (*table)()) {
  const std::vector<SimdTarget> available = available_targets();
  if (target == SimdTarget::best) target = available.front();
  for (const TargetRow& row : target_rows) {
    if (row.target != target) continue;
    for (SimdTarget one : available) {
      if (one != target) continue;
      // Highway dispatches on a mask of the whole process: narrow it while asking.
      static std::mutex mutex;
      const std::lock_guard lock(mutex);
      hwy::SetSupportedTargetsForTest(row.bit);
      hwy::GetChosenTarget().Update(row.bit);
      const Table& found = table();
      hwy::SetSupportedTargetsForTest(0);
      hwy::GetChosenTarget().Update(hwy::SupportedTargets());
      return found;
    }
  }
  throw usage_error("SIMD target '" + std::string(name(target)) +
                    "' does not exist on this machine; it has " + choices());
}

}  // namespace

template <class Real>
const KernelTable<Real>& kernels_for(SimdTarget target) {
  return table_for(target, kernel_table<Real>);
}

template <class Real>
StepKernels<Real> step_kernels_for(SimdTarget target) {
  return {kernels_for<double>(target), table_for(target, unitary_kernels<Real>)};
}

template const KernelTable<float>& kernels_for<float>(SimdTarget);
template const KernelTable<double>& kernels_for<double>(SimdTarget);
template StepKernels<float> step_kernels_for<float>(SimdTarget);
template StepKernels<double> step_kernels_for<double>(SimdTarget);

SimdTarget target_of(std::int64_t highway_target) {
  for (const TargetRow& row : target_rows)
    if (row.bit == highway_target) return row.target;
  throw usage_error("kernels compiled for an unknown instruction set " + std::to_string(highway_target));
}

}  // namespace engine
}  // namespace qmtl
