// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/model/data.h"
#include "runtime/model/head.h"
#include "runtime/model/loss.h"
#include "runtime/train/learner.h"

namespace qmtl {

/// The training loss as a function of the circuit's measured outputs: everything behind the circuit (scales,
/// biases, losses, weights of tasks) as the model has it, in double.
class TuneObjective {
 public:
  /// `params` are all of the model's. Throws Error (usage) for heads without a circuit.
  TuneObjective(const ModelSpec& spec, const Dataset& data,
                const std::vector<Standardisation>& standardisation, const std::vector<ParamInfo>& infos,
                std::span<const double> params);

  /// The batch's loss for values[rows of the batch, outputs of the circuit]; unless null also d loss / d
  /// values, same shape. As the learner's, without terms that no output changes.
  double operator()(const StepBatch& batch, std::span<const double> values, double* cotangents) const;

 private:
  struct BoundTask {
    const Task* labels;
    std::unique_ptr<TaskLoss> loss;
    std::size_t first_column, columns;
    double factor;
  };
  void measure_readout(const Head<double>& head);

  std::vector<BoundTask> tasks_;
  std::size_t outputs_ = 0, logits_ = 0;
  std::vector<double> offset_;  ///< [logits] for outputs that are all 0
  std::vector<double> slope_;   ///< [outputs, logits]: heads are linear in the circuit's outputs
};

}  // namespace qmtl
