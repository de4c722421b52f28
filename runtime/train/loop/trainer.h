// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "runtime/train/learner.h"
#include "runtime/train/loop/balance.h"
#include "runtime/train/loop/ranks.h"
#include "runtime/train/loop/step_times.h"

namespace qmtl {

/// Where training stands, for a progress line.
struct Progress {
  int epoch = 0, epochs = 0;      ///< running epoch, 1-based
  std::int64_t step = 0;          ///< completed steps
  std::int64_t total_steps = 0;   ///< if no early stopping comes
  double loss = 0;                ///< mean of the running epoch's steps
  double samples_per_second = 0;  ///< since this program started training
  double seconds_left = 0;        ///< at that speed
};

/// One finished optimiser step, as this rank saw it.
struct StepRecord {
  std::int64_t step = 0;  ///< 1-based
  int epoch = 0;          ///< 1-based
  std::size_t samples = 0;
  double learning_rate = 0;
  std::span<const double> losses;  ///< weighted, of each task
  StepTimes times;                 ///< with the save that followed the step before
};

/// What training stands still for between steps.
enum class Pause { evaluate, save };

/// A state to save.
struct SaveRequest {
  bool best = false;  ///< the best epoch so far
  bool now = false;   ///< else it may be put off, and left out once a later one is saved (if not the best)
};

/// What the training loop calls. Each may be empty.
struct TrainHooks {
  std::function<void(const StepRecord&)> on_step;               ///< every rank, after every step
  std::function<void(Pause, double seconds)> on_pause;          ///< every rank, as one has ended
  std::function<void(const Progress&)> on_progress;             ///< rank 0, after every step
  std::function<void(const EpochRecord&, bool best)> on_epoch;  ///< rank 0, after every epoch
  std::function<void(const Imbalance&)> on_imbalance;  ///< rank 0, once, where re-cutting did not help
  /// Rank 0; whether saving began. May go on in the background with a copy of the state; what fails there is
  /// thrown by `saved` or the next save. If it throws, all ranks end with its error after the next step.
  std::function<bool(const TrainState&, SaveRequest)> save;
  /// Rank 0, before every step: throws if a save has failed; with `wait`, at an end, not before all are done.
  std::function<void(bool wait)> saved;
  std::function<bool()> stop_requested;  ///< every rank, after every step
};

enum class Ending { finished, stopped_early, interrupted };

struct TrainResult {
  Ending ending = Ending::finished;
  std::size_t samples = 0;  ///< trained on by this call
  double seconds = 0;       ///< of this call, validation and checkpoints included
  StepTimes times;          ///< of this rank, over all steps
  Imbalance imbalance;      ///< of the ranks' computing, since units last changed their rank
};

/// Parameters at their start, nothing trained.
TrainState fresh_state(const Learner& learner, std::uint64_t seed);

/// Trains `state` on to the end of config.train, or until a rank asks for a stop; resuming from any saved
/// state continues to the bit, on any number of ranks. Asks for a save at the end, at a stop (in the middle
/// of an epoch) and after the steps and seconds that config.checkpoint says; for one that can wait at a new
/// best epoch and after the epochs that it says. When it saves has no influence on the bits. Collective;
/// throws SharedError as the steps do, and when a save fails.
TrainResult train(const Ranks& ranks, Learner& learner, const Config& config, const Dataset& data,
                  const Statistics& statistics, TrainState& state, const TrainHooks& hooks);

}  // namespace qmtl
