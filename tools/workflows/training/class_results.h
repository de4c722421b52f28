// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/model/class_report.h"
#include "runtime/model/meaning.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// A score for people.
std::string score_text(double value);

/// A task's decisions taken apart, with what its classes (multilabel: columns) are called.
struct TaskClasses {
  std::vector<std::string> names;
  ClassReport report;
};
/// Of each task; nothing for regression and for tasks without labels.
using AllClasses = std::vector<std::optional<TaskClasses>>;

/// From logits[rows, outputs]. `thresholds` as class_report takes them, of each task; empty: 0 everywhere.
AllClasses class_results(const ModelSpec& spec, const Meaning& meaning, const Dataset& data,
                         const std::vector<std::size_t>& rows, const std::vector<float>& logits,
                         const std::vector<std::vector<double>>& thresholds = {});

/// Adds `per_class`, `confusion` (up to most_confused classes) and `calibration` to the JSON of a task.
void add_classes(nlohmann::ordered_json& task, const TaskClasses& classes);
inline constexpr std::size_t most_confused = 100;

/// Tables of each task: its classes, what they are taken for, and how far probabilities are from frequencies,
/// bin by bin with `bins`.
std::string classes_text(const ModelSpec& spec, const AllClasses& all, bool bins);
/// How many lines that has without bins.
std::size_t classes_lines(const AllClasses& all);

}  // namespace qmtl
