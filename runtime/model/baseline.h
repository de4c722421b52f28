// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/model/data.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// The answer to every sample, [task.outputs()], that scores best by the metric on the labels of `rows`: of
/// the logarithms of the classes' shares (a class without a label counts as half a label), so that the
/// largest is the most frequent class, and where there are two classes also each of them; of regression
/// tasks' mean and median. Of equals the first; each column of a multilabel task has its own. Empty without
/// labels.
std::vector<float> constant_answer(const Task& task, std::string_view metric,
                                   std::span<const std::size_t> rows);

/// As score() for that answer to every row; NaN for an empty answer.
double score_constant(const Task& task, std::string_view metric, std::span<const std::size_t> rows,
                      std::span<const float> answer);

/// As argmax_accuracy, where the task with most positive labels among `learnt_rows` of `learnt` is always the
/// answer.
std::optional<double> constant_argmax_accuracy(const Dataset& learnt,
                                               std::span<const std::size_t> learnt_rows, const Dataset& data,
                                               std::span<const std::size_t> rows, const ModelSpec& spec);

}  // namespace qmtl
