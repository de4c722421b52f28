// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/circuit/plan/plan.h"
#include "runtime/engine/engine.h"
#include "tools/workflows/studies/workload.h"

namespace qmtl {

/// How a step's parameter gradients come about.
enum class StepKind : std::uint8_t {
  batch,     ///< units add up what the gradients need; one gradient for the whole batch (Engine::gradients)
  training,  ///< as training does it: every unit asks for its cotangents once its outputs are known, and
             ///< gives its own gradient, so that sums over units decide the bits of a run
};
std::string_view name(StepKind kind);
/// Throws Error (usage) for an unknown name.
StepKind parse_step_kind(const std::string& text);

struct StepTimeRequest {
  PlanKind plan = PlanKind::automatic;
  SimdTarget simd = SimdTarget::best;
  StepKind step = StepKind::batch;
  bool double_precision = false;
  int threads = 1;
  std::size_t shard = 0;  ///< samples of a unit; 0: batch: the samples over the threads; training: 16
  double seconds = 2;     ///< measuring time; at least 7 steps are taken
};

/// What one training step's quantum work costs, and how far its answers are from the expected ones.
struct StepTime {
  Plan plan;
  SimdTarget simd = SimdTarget::best;
  std::size_t shard = 0, repeats = 0;
  double median = 0, least = 0;  ///< seconds of a step
  double peak_gflops = 0;        ///< of fused multiply-adds, measured in the same run
  double absolute_error = 0, relative_error = 0;
};

/// Times the outputs of a workload's batch and their exact vector-Jacobian product and checks the answers:
/// against those in the file, else against the engine in double precision.
StepTime time_step(const Workload& workload, const StepTimeRequest& request);

}  // namespace qmtl
