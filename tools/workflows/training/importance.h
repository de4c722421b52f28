// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/model/threshold.h"
#include "runtime/train/learner.h"
#include "runtime/train/loop/ranks.h"

namespace qmtl {

/// Numbers of an input that mean one thing: a column, or the columns of a category and what marks it missing.
struct Feature {
  std::size_t input = 0;  ///< of the model's
  std::string name;
  std::vector<std::size_t> columns;
};

/// The features of the model's inputs: named columns, those of one category ("job=cook", "job=clerk",
/// "job.missing") together; of inputs without names each number, or all together where there are more than
/// most_numbers.
std::vector<Feature> features_of(const Dataset& data, const ModelSpec& spec);
inline constexpr std::size_t most_numbers = 100;

/// How much a score drops: the mean over the repeats with its 95 % interval (Student's t), NaN for one
/// repeat.
struct Drop {
  double mean = 0, low = 0, high = 0;
};

struct FeatureImportance {
  std::string input;
  Feature feature;
  Drop drop;                ///< of the tasks' mean score
  std::vector<Drop> tasks;  ///< of each task's first metric; above 0: it is worse without the feature
};

/// Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019).
struct Importance {
  int repeats = 0;
  std::vector<FeatureImportance> features;  ///< the largest drop first
};

/// Scores the rows again and again, each time with one feature's numbers in another order of the rows, and
/// compares with `base`[rows, outputs], the logits of all as they are; decisions are taken at `thresholds`
/// (empty: at one half) each time. The orders depend on repeat and number of rows alone. `data` is the
/// learner's own; it is changed meanwhile and as before at the end. Collective.
Importance permutation_importance(const Ranks& ranks, const Learner& learner, Dataset& data,
                                  const std::vector<std::size_t>& rows, const std::vector<float>& base,
                                  const std::vector<TaskThresholds>& thresholds, int repeats);

nlohmann::ordered_json importance_json(const Importance& importance, const ModelSpec& spec);
/// A table of the `most` most important features.
std::string importance_text(const Importance& importance, const ModelSpec& spec, std::size_t most);

}  // namespace qmtl
