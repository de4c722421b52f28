// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
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

/// Predictions on their way to a file that takes its name when all are there (io/files/atomic_file.h). The
/// name's ending picks the form (io/FORMATS.md): .csv, of which no more than a part is in memory, or .h5 /
/// .hdf5 with one dataset /predictions/<task> float32 [rows, outputs] per task. Classes are called as
/// `meaning` has them.
class PredictionFile {
 public:
  /// `spec` and `meaning` outlive it. Throws Error (usage) for another ending, Error (data) where no file can
  /// be made.
  PredictionFile(const std::string& path, const ModelSpec& spec, const Meaning& meaning);
  ~PredictionFile();
  PredictionFile(const PredictionFile&) = delete;
  PredictionFile& operator=(const PredictionFile&) = delete;

  /// The next rows: `values` as `probabilities` gives them, `ids` one per row or none (then rows are numbered
  /// from 0), `classes` of predicted_classes.
  void add(const std::vector<std::string>& ids, std::size_t rows, std::span<const float> values,
           std::span<const std::uint32_t> classes);
  void finish();

 private:
  class Form;
  class Csv;
  class Hdf5;
  std::string path_;
  const ModelSpec& spec_;
  std::unique_ptr<Form> form_;
};

/// Saves all predictions at once; `classes` are found from the values where they are empty.
void write_predictions(const std::string& path, const ModelSpec& spec, const Meaning& meaning,
                       const std::vector<std::string>& ids, std::size_t rows, std::span<const float> values,
                       std::span<const std::uint32_t> classes = {});

}  // namespace qmtl
