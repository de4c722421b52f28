// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/import/new_samples.h"
#include "io/runs/evaluation_file.h"
#include "runtime/engine/engine.h"
#include "runtime/model/meaning.h"
#include "runtime/train/loop/ranks.h"

namespace qmtl {

/// A checkpoint's predictions for every sample of a file.
struct PredictRequest {
  std::string checkpoint = {};  ///< a file or a run folder
  NewSamples input = {};        ///< or a data set as its file
  std::string out = {};         ///< .csv, .h5 or .hdf5; "": no file
  bool overwrite = false;
  SimdTarget simd = SimdTarget::best;
  std::string thresholds = {};  ///< what `qmtl eval --threshold` wrote: binary tasks' decisions; "": one half
};

struct PredictOutcome {
  std::size_t samples = 0;
  std::string run_hash;  ///< of the checkpoint
  ModelSpec model;
  Meaning meaning;               ///< names of its classes
  std::vector<std::string> ids;  ///< [samples] or empty; as values and classes only where no file got them
  std::vector<ColumnUse> uses;   ///< what was done with the columns of a table
  std::vector<float> values;     ///< [samples, outputs]: probabilities, and values of regression tasks
  std::vector<std::uint32_t> classes = {};  ///< [samples, tasks], 0 for tasks without a class
  DecisionThresholds thresholds = {};       ///< those that decided
};

/// Predicts over the ranks; rank 0 writes the file. Collective; all ranks throw SharedError: usage for an
/// ending of `out` that is not known and a file that is there, data for files that do not fit the model.
PredictOutcome predict_file(const Ranks& ranks, const PredictRequest& request);

}  // namespace qmtl
