// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "runtime/train/learner.h"
#include "runtime/train/loop/ranks.h"
#include "runtime/train/predictor.h"

namespace qmtl {

/// logits[rows, learner.outputs()] on every rank. Each rank predicts a contiguous range of fixed shards of 64
/// rows, in parallel; a row's logits depend neither on ranks nor on threads. Collective; all ranks fail
/// together.
std::vector<float> predict_rows(const Ranks& ranks, const Learner& learner,
                                const std::vector<std::size_t>& rows);

/// The same on the device that is trained for, which is what validation looks at.
std::vector<float> predict_rows_on_device(const Ranks& ranks, const Learner& learner,
                                          const std::vector<std::size_t>& rows);

/// The same for all samples of `data`, which needs no labels: logits[samples, predictor.outputs()]. Messages
/// count its samples from `first` on.
std::vector<float> predict_samples(const Ranks& ranks, const Predictor& predictor, const Dataset& data,
                                   std::size_t first = 0);

/// Writes logits[rows, outputs] of some rows; called concurrently.
using PredictRows = std::function<void(std::span<const std::size_t> rows, std::span<float> logits)>;

/// The same with another way to predict: logits[rows, outputs] from `predict`.
std::vector<float> predict_rows(const Ranks& ranks, std::size_t outputs, const std::vector<std::size_t>& rows,
                                const PredictRows& predict);

/// Throws SharedError (data) naming the first of `rows` whose logits[rows, outputs] are not all finite.
void require_finite(std::span<const float> logits, std::span<const std::size_t> rows, std::size_t outputs);

}  // namespace qmtl
