// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/model/data.h"
#include "runtime/model/loss.h"
#include "runtime/train/learner.h"

namespace qmtl {

/// The training loss as a function of the circuit's measured outputs: everything behind the circuit (scales,
/// biases, losses, weights of tasks) as the model has it, in double.
class TuneObjective {
 public:
  /// `params` are all of the learner's, as it has them bound. Throws Error (usage) for heads without a
  /// circuit.
  TuneObjective(const Learner& learner, const Dataset& data, const Statistics& statistics,
                std::span<const double> params);

  /// The batch's loss for values[rows of the batch, outputs of the circuit]; unless empty also d loss / d
  /// values, same shape. As the learner's, without terms that no output changes.
  double operator()(const StepBatch& batch, std::span<const double> values,
                    std::span<double> cotangents = {}) const;

 private:
  struct BoundTask {
    const Task* labels;
    std::unique_ptr<TaskLoss> loss;
    std::size_t first_column, columns;
    double factor;
  };

  std::vector<BoundTask> tasks_;
  CircuitReadout readout_;
};

}  // namespace qmtl
