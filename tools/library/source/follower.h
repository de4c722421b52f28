// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "qmtl/train.h"
#include "tools/workflows/training/train.h"

namespace qmtl {

/// Who follows a training, as the workflow has it. Each may be empty.
TrainFollower follower_of(const std::function<void(const Epoch&)>& on_epoch,
                          const std::function<void(const TrainProgress&)>& on_step,
                          const std::function<bool()>& stop);

}  // namespace qmtl
