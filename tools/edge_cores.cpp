#include "tools/edge_cores.h"

#include <string>

#include "runtime/error.h"

namespace qmtl {
namespace {

// One cycle an instruction with a float unit; without one (m0plus, m3) the compiler's float routines.
constexpr EdgeCore cores[] = {
    {"cortex-m4f", 7, 80, 6, 60},    {"cortex-m33", 7, 80, 6, 60},         {"cortex-m7", 4, 45, 3, 35},
    {"cortex-m3", 95, 1200, 10, 60}, {"cortex-m0plus", 210, 2700, 14, 90}, {"rv32imafc", 8, 90, 7, 60},
};

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
  return core.multiply_add * work.multiply_adds + core.function * work.functions + core.move * work.moves +
         core.operation * static_cast<double>(model.ops.size());
}

}  // namespace qmtl
