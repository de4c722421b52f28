// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "runtime/model/meaning.h"
#include "runtime/model/spec.h"
#include "runtime/train/state.h"

namespace qmtl {

/// A trained model by itself: all that predicting, exporting and adding a task need.
struct TrainedModel {
  ModelSpec spec;
  int shots = 0;                   ///< of its training, which the choice of the circuit's plan allows for
  std::vector<ParamInfo> tensors;  ///< in order of offset, covering `values` without gaps
  std::vector<double> values;
  Statistics statistics;
  Meaning meaning = {};  ///< of its inputs and tasks, from the data set

  /// A tensor's numbers. Throws Error (data) naming it if there is none.
  std::span<const double> tensor(const std::string& name) const;
};

}  // namespace qmtl
