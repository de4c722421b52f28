// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/model/heads/gradient_variance.h"
#include "runtime/train/loop/ranks.h"

namespace qmtl {

struct GradientRequest {
  std::string config;                                  ///< a training configuration
  std::vector<std::string> overrides;                  ///< "key=value"
  std::vector<int> depths{1, 2, 4}, widths{4, 8, 12};  ///< shared layers, qubits
  int draws = 200;                                     ///< random points, at least 2
};

/// Variances of one depth over all widths, with the rates of their fall.
struct GradientRow {
  int layers = 0;
  std::vector<GradientVariance> widths;
  double first_rate = 0, mean_rate = 0;
};

struct GradientStudy {
  std::string file;
  int draws = 0;
  std::uint64_t seed = 0;
  std::vector<GradientRow> rows;  ///< one a depth; on rank 0 only
};

/// How gradients of the configured circuit spread over random parameters at several widths and depths. Throws
/// Error (usage) for heads without a circuit. Collective; rank 0 computes.
GradientStudy study_gradients(const Ranks& ranks, const GradientRequest& request);

}  // namespace qmtl
