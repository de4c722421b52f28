// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/schedule.h"

#include <algorithm>

#include "runtime/model/math.h"

namespace qmtl {

double learning_rate(const TrainSpec& train, std::int64_t step, std::int64_t total_steps) {
  const std::int64_t warmup = train.warmup_steps;
  if (step < warmup) return train.learning_rate * static_cast<double>(step + 1) / static_cast<double>(warmup);
  if (train.schedule == ScheduleKind::constant) return train.learning_rate;
  const double done = static_cast<double>(step - warmup);
  const double all = static_cast<double>(std::max<std::int64_t>(total_steps - warmup, 1));
  return train.learning_rate * 0.5 * (1.0 + math::cos(math::pi * std::min(done / all, 1.0)));
}

}  // namespace qmtl
