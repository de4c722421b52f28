// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runtime/engine/engine.h"
#include "runtime/train/loop/ranks.h"

namespace qmtl {

/// A checkpoint's predictions for every sample of a file.
struct PredictRequest {
  std::string checkpoint = {};  ///< a file or a run folder
  std::string input = {};       ///< CSV file with the input columns, or a data set
  std::string out = {};         ///< .csv, .h5 or .hdf5
  bool overwrite = false;
  SimdTarget simd = SimdTarget::best;
};

struct PredictOutcome {
  std::size_t samples = 0;
  std::string run_hash;  ///< of the checkpoint
};

/// Predicts over the ranks; rank 0 writes the file. Collective; all ranks throw SharedError: usage for an
/// ending of `out` that is not known and a file that is there, data for files that do not fit the model.
PredictOutcome predict_file(const Ranks& ranks, const PredictRequest& request);

}  // namespace qmtl
