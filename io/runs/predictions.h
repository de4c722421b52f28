// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/runs/evaluation_file.h"
#include "runtime/model/data.h"
#include "runtime/model/meaning.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// From logits[rows, outputs] (Learner::predict) to what users read, same shape and columns: sigmoid for
/// binary and multilabel tasks, softmax for multiclass ones, values as they are for regression. Computed in
/// double.
std::vector<float> probabilities(const ModelSpec& spec, std::size_t rows, std::span<const float> logits);

/// The class that a task's probabilities stand for: above one half, or the first of the largest. Binary and
/// multiclass tasks only.
std::size_t predicted_class(TaskKind kind, std::span<const float> probabilities);

/// The class of every row in every task, [rows, tasks], 0 for tasks without one: as predicted_class of
/// `values`, but in binary tasks with an entry in `thresholds` 1 where the logit is above it.
std::vector<std::uint32_t> predicted_classes(const ModelSpec& spec, std::size_t rows,
                                             std::span<const float> values,
                                             std::span<const float> logits = {},
                                             const DecisionThresholds& thresholds = {});

/// Saves predictions atomically; `values` as `probabilities` gives them, `ids` has one entry per row or is
/// empty (then rows are numbered from 0). Classes are called as `meaning` has them. The name's ending picks
/// the form (io/FORMATS.md): .csv, or .h5 / .hdf5 with one dataset /predictions/<task> float32 [rows,
/// outputs] per task. `classes` are those of predicted_classes, found from the values where it is empty.
/// Throws Error (usage) for another ending.
void write_predictions(const std::string& path, const ModelSpec& spec, const Meaning& meaning,
                       const std::vector<std::string>& ids, std::size_t rows, std::span<const float> values,
                       std::span<const std::uint32_t> classes = {});

}  // namespace qmtl
