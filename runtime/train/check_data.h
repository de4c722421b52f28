// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/model/data.h"
#include "runtime/model/spec.h"
#include "runtime/train/config.h"

namespace qmtl {

/// Throws Error (data) naming what makes the data unfit for the model: an input that is missing, has another
/// width or holds NaN or infinity (sample and column), a label outside its classes (sample and value), a task
/// that no training sample has a label for (of the newest generation's). Data without any task is fit for
/// prediction; data without training samples for evaluation. Samples are counted from `first` on.
void check_data(const Dataset& data, const ModelSpec& spec, std::size_t first = 0);

/// Throws Error (usage) naming the key of what no training can have: a model that was not completed from a
/// data set, weights, generations, shards or shots out of range, a weighting of tasks that has no meaning.
void check_model(const ModelSpec& spec, const TrainSpec& train);

}  // namespace qmtl
