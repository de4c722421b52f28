// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hardware/mitigation/readout.h"
#include "hardware/mitigation/settings.h"
#include "hardware/replay/jobs.h"
#include "hardware/split.h"
#include "hardware/target.h"
#include "hardware/tune/objective.h"
#include "io/runs/checkpoint.h"
#include "runtime/noise/noise_model.h"
#include "runtime/train/learner.h"
#include "runtime/train/sampler.h"
#include "tools/workflows/training/results.h"

namespace qmtl {

enum class TuneRule : std::uint8_t {
  shift,  ///< exact derivatives, 1 + 2 k executions a sample
  spsa,   ///< simultaneous perturbation, 2 executions a sample
};
/// Throws Error (usage) listing the choices.
TuneRule parse_tune_rule(const std::string& text);

inline MitigationSettings without_mitigation() {
  MitigationSettings settings;
  settings.readout = false;
  return settings;
}

/// What decides a step, besides model and data.
struct TuneOptions {
  TuneRule rule = TuneRule::shift;
  OptimiserKind optimiser = OptimiserKind::adam;
  HeadSplit split = HeadSplit::wide;
  int max_qubits = 0;
  int batch = 8;
  std::int64_t shots = 1000;
  double rate = 0.05;
  double perturbation = 0.1;  ///< radians
  std::uint64_t seed = 1;
  /// Against the device's errors; `readout` takes calibration programs in the first round.
  MitigationSettings mitigation = without_mitigation();
};

/// How rows of programs are measured and read.
struct TuneDevice {
  DeviceTarget target;
  std::optional<NoiseModel> noise;  ///< what is known of it
  std::int64_t least_shots = 1;     ///< that it takes of a program
};

/// A model whose circuit runs on a device: what is executed for a step or an evaluation, and what the counts
/// mean. Only the angles of the task blocks change. Deterministic: the same counts give the same bits.
class TuneModel {
 public:
  /// Throws Error (usage) for heads without a circuit or without block angles.
  TuneModel(const Checkpoint& checkpoint, const Dataset& data, Learner& learner, TuneDevice device,
            const TuneOptions& options);

  /// Programs whose counts calibrate the readings; none without readout mitigation.
  std::vector<ReplayProgram> calibration_programs() const;
  /// counts[program][row] of those; before any other counts are read.
  void calibrate(std::span<const std::vector<Counts>> counts);

  /// Programs of the next step at the parameters so far.
  std::vector<ReplayProgram> step_programs();
  /// Takes the step: counts[program][row] of step_programs().
  void take_step(const std::vector<std::vector<Counts>>& counts);
  std::int64_t steps() const { return state_.step; }
  double last_loss() const { return last_loss_; }  ///< of the last step's batch, as measured

  /// Programs that evaluate rows of the data set.
  std::vector<ReplayProgram> evaluation_programs(const std::vector<std::size_t>& rows) const;
  struct Evaluation {
    double loss = 0;
    Scores scores;
  };
  Evaluation evaluate(const std::vector<std::size_t>& rows, const std::vector<std::vector<Counts>>& counts);

  const std::vector<HeadProgram>& programs() const { return heads_; }
  /// The programs as the device executes them.
  const std::vector<DeviceProgram>& device_programs() const { return device_; }
  std::size_t tuned() const { return chosen_.size(); }  ///< how many angles
  const std::vector<double>& params() const { return state_.params; }

 private:
  std::vector<double> circuit_params() const;
  std::vector<std::vector<std::vector<double>>> points() const;
  std::vector<ReplayProgram> sweeps(const std::vector<std::vector<std::vector<double>>>& points,
                                    const std::vector<std::size_t>& rows) const;
  std::vector<double> outputs_at(std::size_t point, const std::vector<std::vector<double>>& values,
                                 const std::vector<std::vector<std::vector<double>>>& points,
                                 std::size_t samples) const;
  StepBatch batch_of(std::int64_t step) const;
  std::vector<std::vector<double>> values_of(const std::vector<ReplayProgram>& programs,
                                             const std::vector<std::vector<Counts>>& counts,
                                             std::span<const double> params) const;

  const Dataset& data_;
  Learner& learner_;
  TuneOptions options_;
  TrainSpec train_;
  Batches batches_;
  TrainState state_;
  TuneObjective objective_;
  std::vector<ParamInfo> block_infos_;
  std::vector<HeadProgram> heads_;
  TuneDevice place_;
  std::vector<DeviceProgram> device_;
  std::optional<ReadoutCalibration> calibration_;
  std::vector<int> chosen_;
  std::vector<std::size_t> training_rows_;
  double last_loss_ = 0;
};

}  // namespace qmtl
