// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/train/config.h"

namespace qmtl {

/// One schedule: its name in configurations and the rate after warm-up.
struct ScheduleInfo {
  ScheduleKind kind;
  std::string_view name;
  double (*rate)(double full, double done);  ///< `done` is the part of the steps after warm-up, in [0, 1]
};

std::span<const ScheduleInfo> schedule_table();

/// Learning rate of the step that follows `step` completed ones, of `total_steps` in all: warm-up is linear
/// from 0 and reaches the full rate at step number `warmup_steps`; cosine then falls to 0 at the end
/// (Loshchilov & Hutter 2017).
double learning_rate(const TrainSpec& train, std::int64_t step, std::int64_t total_steps);

/// How much of the device's noise there is in an epoch, counted from 0: epoch / noise_warmup, at most 1.
double noise_strength(const TrainSpec& train, int epoch);

}  // namespace qmtl
