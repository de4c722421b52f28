// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "io/runs/metrics_file.h"
#include "runtime/train/loop/ranks.h"
#include "runtime/train/loop/trainer.h"

namespace qmtl {

/// What a rank of a training run spends its time on.
enum class Phase { compute, wait, reduce, update, evaluate, save };
inline constexpr std::array<const char*, 6> phase_names{"compute", "wait",     "reduce",
                                                        "update",  "evaluate", "save"};

inline Phase phase_of(Pause pause) { return pause == Pause::evaluate ? Phase::evaluate : Phase::save; }

/// The phases of this rank since the sums were last gathered.
class PhaseSums {
 public:
  void add(const StepRecord& step);
  void add(Pause pause, double seconds) { seconds_[static_cast<std::size_t>(phase_of(pause))] += seconds; }
  double seconds(Phase phase) const { return seconds_[static_cast<std::size_t>(phase)]; }

  /// The sums of all ranks; they begin anew. `each_rank`: with every rank's seconds. Collective.
  TimingRecord gather(const Ranks& ranks, bool each_rank);

 private:
  using Clock = std::chrono::steady_clock;
  std::array<double, phase_names.size()> seconds_{};
  std::int64_t steps_ = 0;
  std::size_t samples_ = 0;
  Clock::time_point start_ = Clock::now();
};

}  // namespace qmtl
