// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace qmtl {

/// Where this rank's time of one optimiser step went, in seconds.
struct StepTimes {
  double compute = 0;  ///< its units
  double wait = 0;     ///< for ranks that were not as far
  double reduce = 0;   ///< its part of the tree, exchange and the tree's top
  double update = 0;   ///< optimiser and new parameters
  double save = 0;     ///< training stood still for a checkpoint
  double total() const { return compute + wait + reduce + update + save; }
};

inline StepTimes& operator+=(StepTimes& sum, const StepTimes& step) {
  sum.compute += step.compute;
  sum.wait += step.wait;
  sum.reduce += step.reduce;
  sum.update += step.update;
  sum.save += step.save;
  return sum;
}

}  // namespace qmtl
