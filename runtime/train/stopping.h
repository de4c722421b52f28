// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/train/config.h"
#include "runtime/train/state.h"

namespace qmtl {

/// Appends a finished epoch to the history and keeps the best epoch by `validation_mean` (higher is better;
/// NaN never wins over a number; of equal epochs the later one is kept, which has trained longer: scores of
/// small validation sets tie often. So without validation rows it is the last). Returns whether this epoch is
/// the best so far. The first epoch always is.
bool record_epoch(TrainState& state, const EpochRecord& record);

/// Whether training is over: all epochs are done, or `patience` epochs have passed since the
/// best score was first reached.
bool training_finished(const TrainState& state, const TrainSpec& train);

}  // namespace qmtl
