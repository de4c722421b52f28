// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "io/files/background.h"
#include "runtime/train/loop/stopwatch.h"
#include "runtime/train/loop/trainer.h"

namespace qmtl {

/// Saves a training's states on a thread of its own, while the next steps are taken. What can wait is saved
/// as often as saving takes no more than `share` of the time: of epochs that are shorter than that, only the
/// best and the newest come to a file. A later state's file never stands without that of its best epoch.
class Saver {
 public:
  using Write = std::function<void(const TrainState&, bool best)>;

  explicit Saver(Write write, double share = 0.02) : write_(std::move(write)), share_(share) {}
  ~Saver();
  Saver(const Saver&) = delete;
  Saver& operator=(const Saver&) = delete;

  /// Begins to save `state`, or keeps it in mind if it is the best and can wait. True if saving began. Throws
  /// what the last save threw; waits for that if `request.now`.
  bool offer(const TrainState& state, SaveRequest request);
  /// Throws what the last save threw, if it has ended.
  void check() { background_.check(); }
  /// Not before everything is saved, the best state in mind too. Throws what that threw.
  void finish();

 private:
  void begin(std::optional<TrainState> state, bool best);
  bool due();

  Write write_;
  double share_;
  std::optional<TrainState> best_;  ///< newer than the best on disk
  /// When what can wait may be saved again. The save writes it; read while none runs.
  Stopwatch::Clock::time_point free_from_{};
  Background background_;
};

}  // namespace qmtl
