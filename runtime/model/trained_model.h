// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "runtime/model/spec.h"
#include "runtime/train/state.h"

namespace qmtl {

/// A trained model by itself: all that predicting, exporting and adding a task need. Class and column names
/// are the data set's, which a model does not keep.
struct TrainedModel {
  ModelSpec spec;
  int shots = 0;                   ///< of its training, which the choice of the circuit's plan allows for
  std::vector<ParamInfo> tensors;  ///< in order of offset, covering `values` without gaps
  std::vector<double> values;
  Statistics statistics;

  /// A tensor's numbers. Throws Error (data) naming it if there is none.
  std::span<const double> tensor(const std::string& name) const;
};

}  // namespace qmtl
