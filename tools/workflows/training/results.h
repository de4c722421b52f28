// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/model/meaning.h"
#include "runtime/model/threshold.h"
#include "runtime/train/learner.h"
#include "runtime/train/loop/ranks.h"
#include "tools/workflows/training/class_results.h"
#include "tools/workflows/training/importance.h"

namespace qmtl {

/// Metrics of a model on some rows.
struct Scores {
  std::vector<double> tasks;  ///< first metrics in task order, NaN where undefined
  TaskScores metrics = {};    ///< every metric; empty where only the first are known
  double mean = 0;            ///< of the defined ones; where lower is better negated
  std::optional<double> argmax_accuracy;
};

/// Predicts `rows` over all ranks and scores them. Collective.
Scores score_rows(const Ranks& ranks, const Learner& learner, const Dataset& data,
                  const std::vector<std::size_t>& rows);
/// The same of logits[rows, outputs] that are on every rank.
Scores score_logits(const Ranks& ranks, const ModelSpec& spec, const Dataset& data,
                    const std::vector<std::size_t>& rows, const std::vector<float>& logits);

/// Scores on `rows` of `data` of constant answers, each the best for its metric on the training labels of
/// `learnt` (model/baseline.h): what a model must beat to be worth anything.
Scores baseline_scores(const ModelSpec& spec, const Dataset& learnt, const Dataset& data,
                       const std::vector<std::size_t>& rows);
/// Names of the tasks whose score is defined and no better than the baseline's.
std::vector<std::string> no_better_tasks(const ModelSpec& spec, const Scores& scores, const Scores& baseline);

/// Numbers of trainable parameters after and before the shared representation.
struct ParameterCount {
  std::size_t backbone = 0, head = 0;
};
ParameterCount count_parameters(const std::vector<ParamInfo>& params);

/// What train and eval report; the JSON fields are documented in README.md.
struct Report {
  std::string run_hash, split, checkpoint;
  int epochs = 0, best_epoch = 0;
  std::int64_t steps = 0;
  double seconds = 0, samples_per_second = 0;
  Scores scores;
  std::optional<Scores> baseline;  ///< of constant answers; on rank 0, where training labels are known
  ParameterCount parameters;
  std::optional<std::size_t> frozen, added;     ///< numbers that stay, and those of a task that was added
  AllClasses classes = {};                      ///< on rank 0
  std::vector<TaskThresholds> thresholds = {};  ///< chosen on validation; `scores` are then at them
  std::optional<Scores> at_half = {};           ///< and these at probabilities of one half
  std::optional<Importance> importance = {};
  Meaning meaning;  ///< names of the tasks' classes
  bool interrupted = false;
  std::optional<double> imbalance;  ///< largest over mean compute time of the ranks
};

nlohmann::ordered_json report_json(const Report& report, const ModelSpec& spec);
/// Table of tasks and totals, for people.
std::string report_text(const Report& report, const ModelSpec& spec);
/// What `qmtl eval --json` prints and `qmtl report` shows: report_json with the tasks' classes
/// (io/FORMATS.md).
nlohmann::ordered_json evaluation_json(const Report& report, const ModelSpec& spec);
/// The thresholds of all outputs; "" without any.
std::string thresholds_text(const Report& report, const ModelSpec& spec);
/// Says which tasks are no better than the baseline; "" where all are.
std::string baseline_warning(const Report& report, const ModelSpec& spec);

}  // namespace qmtl
