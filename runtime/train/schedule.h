// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/train/config.h"

namespace qmtl {

/// Learning rate of the step that follows `step` completed ones, of `total_steps` in all: warm-up is linear
/// from 0 and reaches the full rate at step number `warmup_steps`; cosine then falls to 0 at the end
/// (Loshchilov & Hutter 2017).
double learning_rate(const TrainSpec& train, std::int64_t step, std::int64_t total_steps);

}  // namespace qmtl
