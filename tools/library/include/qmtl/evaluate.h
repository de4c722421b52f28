// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "qmtl/model.h"
#include "qmtl/rows.h"

namespace qmtl {

/// How a model is scored.
struct EvaluateOptions {
  /// For each row 0 (training), 1 (validation) or 2 (test): the rows of 2 are scored, thresholds are chosen
  /// on those of 1, constant answers to compare with learn from those of 0. Empty: all rows are scored.
  std::span<const std::uint8_t> split = {};
  /// Decide at the thresholds that this metric ("own": each task's own) likes best on the validation rows,
  /// not at probabilities of one half.
  std::string threshold = {};
  int importance = 0;  ///< repeats of the features' permutation importance; 0: none
  /// A noise model's file (io/FORMATS.md): scores on that device too. "" for none.
  std::string noise = {};
  /// Measurements of every circuit on that device, or on an ideal one; 0: expectations.
  std::int64_t shots = 0;
  std::uint64_t seed = 0;  ///< of shots and trajectories
};

/// Scores a model on samples: y [rows, columns of all tasks], NaN where a label is missing. Returns the JSON
/// that `qmtl eval --json` prints. Throws Error: (usage) for options and circuits that the device cannot run,
/// (data) for samples, with row and column.
std::string evaluate(const Model& model, Rows x, Rows y, const EvaluateOptions& options = {});

}  // namespace qmtl
