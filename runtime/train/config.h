// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/keys.h"
#include "runtime/model/spec.h"

namespace qmtl {

enum class OptimiserKind : std::uint8_t { adam, adamw, sgd };
enum class ScheduleKind : std::uint8_t { constant, cosine };
/// What a batch holds: rows of any tasks, or rows of one.
enum class BatchKind : std::uint8_t { mixed, task };
/// How the tasks' losses are weighed against each other while training (task_weighting.h).
enum class TaskWeighting : std::uint8_t { none, uncertainty, gradnorm, pcgrad };

struct TrainSpec {
  std::uint64_t seed = 1;
  int epochs = 200;
  int batch = 64;
  BatchKind batches = BatchKind::mixed;
  OptimiserKind optimiser = OptimiserKind::adam;
  double learning_rate = 1e-2;
  double circuit_rate = 1.0;   ///< factor on learning_rate for the circuit's angles
  double head_rate = 1.0;      ///< for the rest of the head
  double backbone_rate = 1.0;  ///< for the backbone
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double momentum = 0.0;      ///< sgd
  double weight_decay = 0.0;  ///< adamw: decoupled; adam, sgd: L2
  ScheduleKind schedule = ScheduleKind::constant;
  int warmup_steps = 0;    ///< linear from 0
  double clip = 0.0;       ///< largest global gradient norm; 0: off
  int patience = 20;       ///< stop after so many epochs without a better validation mean; 0: off
  int shots = 0;           ///< shot noise in training; 0: exact
  std::string noise = {};  ///< the device that is trained for: the text of a noise model; empty: an exact one
  int noise_warmup = 0;    ///< epochs over which its noise rises from none
  int trajectories = 16;   ///< of every sample and step, where its noise is simulated by them
  int shard = 0;           ///< samples per work unit, a multiple of tile_samples; 0: chosen by the learner
  int task_groups = 1;     ///< work units per shard
  /// ModelSpec::learn_task_weights is what uncertainty weighting is after resolve().
  TaskWeighting task_weighting = TaskWeighting::none;
  double gradnorm_alpha = 1.5;           ///< exponent of the relative training rates; 0: equal gradient norms
  double gradnorm_rate = 0.025;          ///< step size of its weights, in units of the mean gradient norm
  std::vector<std::string> frozen = {};  ///< parameters that stay as they start (frozen.h)
  bool operator==(const TrainSpec&) const = default;
};

/// When a checkpoint is saved, besides at a new best epoch, at the end and at a stop; 0: not for this reason.
struct CheckpointSpec {
  int every_epochs = 1;
  int every_steps = 0;
  double every_seconds = 0;  ///< since the last save, by the clock of rank 0
  int keep = 3;              ///< rotating checkpoints kept, besides last and best
  bool operator==(const CheckpointSpec&) const = default;
};

/// The model of a configuration that says nothing: a hidden layer of 64 tanh units. On validation (100
/// epochs, three seeds, rates 3e-3 and 1e-2) it was better than none on the digits, ctg2, enb2 and wbc12, and
/// level with it on mustard5.
ModelSpec default_model();

/// A training configuration with every default resolved.
struct Config {
  std::string file;                     ///< the TOML file it came from (for messages)
  std::string data_file;                ///< data set
  double data_memory = 1024;            ///< MB of inputs that a rank keeps in memory; 0: all
  std::vector<std::string> data_tasks;  ///< the tasks to learn, in their order; empty: all of the data set
  std::string run_folder;
  int log_every = 50;     ///< steps between two lines about a step in metrics.jsonl; 0: none
  bool rank_logs = true;  ///< a log file for every rank
  bool standardise = true;
  ModelSpec model = default_model();  ///< head and task details are completed from the data set by resolve()
  TrainSpec train;
  CheckpointSpec checkpoint;
  int watchdog = 300;  ///< seconds without an answer after which a rank counts as lost; 0: never
};

std::string_view name(OptimiserKind value);
std::string_view name(ScheduleKind value);
std::string_view name(BatchKind value);
std::string_view name(TaskWeighting value);
OptimiserKind parse_optimiser(std::string_view text);
ScheduleKind parse_schedule(std::string_view text);
BatchKind parse_batch_kind(std::string_view text);
TaskWeighting parse_task_weighting(std::string_view text);

}  // namespace qmtl
