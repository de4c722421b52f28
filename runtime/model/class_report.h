// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "runtime/model/data.h"

namespace qmtl {

/// How well one class is told from the others; NaN where undefined: precision without a prediction of the
/// class, recall without a label of it, F1 without either.
struct ClassScores {
  double precision = 0, recall = 0, f1 = 0;
  std::size_t support = 0;  ///< labels of the class
};

/// Samples whose probability p lies in [low, high); in the last bin p = 1 too.
struct ReliabilityBin {
  double low = 0, high = 0;
  std::size_t count = 0;
  double probability = 0;  ///< mean p, NaN without samples
  double frequency = 0;    ///< how often what p was given to was true, NaN without samples
};

/// Whether probabilities are frequencies. p is the probability of class 1; of a multiclass task that of the
/// class with the largest one. The expected calibration error is the mean over the samples of |probability -
/// frequency| of their bins (Naeini, Cooper and Hauskrecht 2015; Guo et al. 2017).
struct Calibration {
  std::vector<ReliabilityBin> bins;
  double expected_error = 0;
};
inline constexpr std::size_t reliability_bins = 10;

/// The decisions of a task taken apart. A multilabel task's classes are its columns: their scores are those
/// of class 1 in the column, its confusion matrices are binary, and its calibration is over all columns.
struct ClassReport {
  std::vector<ClassScores> classes;
  /// Per matrix (one; multilabel: one a column) the counts of (label, prediction) that occur.
  std::vector<std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t>> confusion;
  Calibration calibration;
};

/// From logits[i * stride + first_column ...] for the data-set rows[i], as score() reads them. `thresholds`
/// are the logits above which class 1 is chosen, one for each output of a binary or multilabel task; empty:
/// 0. Nothing for a regression task and without labels.
std::optional<ClassReport> class_report(const Task& task, std::span<const std::size_t> rows,
                                        std::span<const float> logits, std::size_t stride,
                                        std::size_t first_column, std::span<const double> thresholds = {});

}  // namespace qmtl
