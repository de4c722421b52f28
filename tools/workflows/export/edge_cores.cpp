// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/export/edge_cores.h"

#include <string>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

// One cycle an instruction with a float unit; without one (m0plus, m3) the compiler's float routines.
constexpr EdgeCore cores[] = {
    {"cortex-m4f", 5, 80, 4, 60},   {"cortex-m33", 5, 80, 4, 60},        {"cortex-m7", 3, 50, 3, 40},
    {"cortex-m3", 70, 1100, 5, 60}, {"cortex-m0plus", 155, 2500, 8, 90}, {"rv32imafc", 6, 95, 5, 60},
};

/// Cycles of a convolution's multiplication besides it: rows of 3 x 3 windows are short, and finding them
/// takes twice as long as multiplying (benchmarks/edge: 18 instructions where a dense layer has 5 or 6).
constexpr double convolution = 12;

}  // namespace

std::span<const EdgeCore> edge_cores() { return cores; }

const EdgeCore& edge_core(std::string_view name) {
  std::string known;
  for (const EdgeCore& core : cores) {
    if (core.name == name) return core;
    known += (known.empty() ? "" : ", ") + std::string(core.name);
  }
  throw usage_error("--core: expected one of " + known + ", found '" + std::string(name) + "'");
}

double edge_cycles(const EdgeCore& core, const EdgeModel& model) {
  const EdgeWork work = edge_work(model);
  return core.multiply_add * work.multiply_adds + convolution * work.convolved +
         core.function * work.functions + core.move * work.moves +
         core.operation * static_cast<double>(model.ops.size());
}

}  // namespace qmtl
