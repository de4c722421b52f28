// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "io/edge/model.h"

namespace qmtl {

/// Cycles of a processor for what edge_work counts, from instruction counts of the runtime compiled with -Os
/// (tools/REFERENCE.md says how): estimates without flash wait states.
struct EdgeCore {
  std::string_view name;
  double multiply_add, function, move, operation;
};
std::span<const EdgeCore> edge_cores();
/// Throws Error (usage) listing the cores.
const EdgeCore& edge_core(std::string_view name);
double edge_cycles(const EdgeCore& core, const EdgeModel& model);

}  // namespace qmtl
