// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/engine/engine.h"
#include "runtime/engine/training_device.h"
#include "runtime/model/data.h"
#include "runtime/model/heads/circuit_readout.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/model/layers/layer.h"
#include "runtime/train/config.h"
#include "runtime/train/state.h"

namespace qmtl {

/// One optimiser step's batch: the same on every rank.
struct StepBatch {
  std::uint64_t seed = 0;
  std::int64_t step = 0;          ///< keys dropout and shot noise, with the sample number
  std::vector<std::size_t> rows;  ///< sample numbers of the batch
  std::vector<double>
      label_counts;  ///< present labels of each task among `rows` (multilabel: of all columns)
};

/// A model bound to a data set, with its arithmetic's precision hidden. It reads the data set's inputs and
/// labels where they are: the data set must outlive it. New samples need a Predictor instead. The unit of
/// work is (shard of the batch, task group): unit = shard * task_groups + group; it is computed serially and
/// its sums do not depend on who computes it.
class Learner {
 public:
  virtual ~Learner() = default;
  virtual const ModelSpec& spec() const = 0;
  virtual const std::vector<ParamInfo>& params() const = 0;  ///< in order of offset, without gaps
  virtual std::vector<double> initial(std::uint64_t seed) const = 0;
  virtual const Plan* plan() const = 0;  ///< of the circuit, null for heads without one
  virtual std::vector<LayerCircuit> layer_circuits() const = 0;  ///< of the backbone
  virtual SimdTarget target() const = 0;

  /// Fixes the parameters for the calls that follow. Not thread-safe; the const calls are, with each other.
  virtual void bind(std::span<const double> params) = 0;

  /// Samples of a unit: train.shard, or as many as the model's cost suggests.
  virtual std::size_t shard() const = 0;
  virtual std::size_t units(std::size_t batch_rows) const = 0;
  virtual std::size_t unit_groups() const = 0;  ///< task groups: unit % unit_groups() is the unit's
  virtual double unit_cost(std::size_t unit, std::size_t batch_rows) const = 0;  ///< arbitrary positive scale
  /// Length of a unit's accumulator: the gradient of all parameters, the weighted loss of each task and,
  /// where tasks are weighed by their gradients, each task's gradient of shared_params(): [tasks, their
  /// size]. What PCGrad projects is then zero in the gradient of all.
  virtual std::size_t accumulator_size() const = 0;
  /// Adds the unit's gradient and losses to `accumulator`. Losses are means over the batch's present labels,
  /// so the units of a batch simply add up.
  virtual void run_unit(std::size_t unit, const StepBatch& batch, std::span<double> accumulator) const = 0;

  /// Weighs the tasks' losses in the units that follow, for GradNorm: 1 unless said.
  virtual void set_task_weights(std::span<const double> weights) = 0;

  int outputs() const;  ///< logit columns of all tasks together
  /// logits[rows, outputs()] without dropout and shot noise; regression columns in the unit of the labels.
  virtual void predict(std::span<const std::size_t> rows, std::span<float> logits) const = 0;
  /// The same on the device that is trained for.
  virtual void predict_on_device(std::span<const std::size_t> rows, std::span<float> logits) const = 0;
  /// Whether there is one.
  virtual bool on_device() const = 0;
  /// How much of its noise, 0 to 1, the units that follow have; all of it unless said. Parameters are then to
  /// be bound again.
  virtual void set_noise_strength(double strength) = 0;

  // The three stages of a head with a circuit, for circuits that run elsewhere: angles, values from anywhere,
  // logits. Without a circuit circuit() and readout() are null, and the others throw Error (usage).
  virtual const Circuit* circuit() const = 0;
  /// The circuit's trainable numbers as bound: params circuit_begin() .. of the model's.
  virtual std::span<const double> circuit_params() const = 0;
  virtual std::size_t circuit_begin() const = 0;
  /// [rows, circuit angles].
  virtual std::vector<double> circuit_angles(std::span<const std::size_t> rows) const = 0;
  virtual const CircuitReadout* readout() const = 0;  ///< as bound
  /// As predict, of values[rows, circuit outputs].
  virtual std::vector<float> logits_of(std::span<const double> values) const = 0;
};

/// Means and deviations over the training split (two passes in double, in row order): of each column, or of
/// each channel where an input's samples are images (shape [H, W] or [C, H, W]); and of the regression tasks'
/// labels. With `inputs` false (data.standardise) the inputs are left out.
Statistics standardise(const Dataset& data, const ModelSpec& spec, bool inputs = true);

/// Throws Error naming what does not fit: an input that is missing or has another width, a task without a
/// labelled training sample, a label outside its classes, NaN or infinity in an input (sample and column).
/// `device` is the one of train.noise. Throws Error (usage) where it cannot run the model.
std::unique_ptr<Learner> make_learner(const ModelSpec& spec, const TrainSpec& train, const Dataset& data,
                                      const Statistics& statistics, SimdTarget target = SimdTarget::best,
                                      const TrainingDevice& device = {});

/// Completes a configuration from the data set: input widths and shapes, the tasks with kind, outputs and
/// metric, the head's register layout and qubit count (see resolve.cpp for the defaults). Throws Error
/// (usage) naming key and choices.
void resolve(Config& config, const Dataset& data);

/// The last part of it, for a head without data: config.model.tasks say kind, outputs and classes themselves.
void resolve_head(Config& config);

}  // namespace qmtl
