// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/saver.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <exception>
#include <utility>

#include "runtime/base/any_error.h"

namespace qmtl {

/// A training that ends by an error keeps its best epoch.
Saver::~Saver() {
  try {
    finish();
  } catch (const std::exception& error) {
    spdlog::error("the best epoch's checkpoint could not be saved: {}", any_error(error).what());
  }
}

bool Saver::offer(const TrainState& state, SaveRequest request) {
  if (request.now) background_.finish();
  if (request.now || due()) {
    begin(state, request.best);
    return true;
  }
  if (request.best) best_ = state;
  return false;
}

void Saver::finish() {
  background_.finish();
  if (best_) begin(std::nullopt, false);
  background_.finish();
}

bool Saver::due() {
  if (!background_.idle()) return false;
  background_.finish();
  return Stopwatch::Clock::now() >= free_from_;
}

void Saver::begin(std::optional<TrainState> state, bool best) {
  background_.start([this, best, state = std::move(state),
                     before = best ? std::nullopt : std::exchange(best_, std::nullopt)] {
    Stopwatch watch;
    if (before) write_(*before, true);
    if (state) write_(*state, best);
    const std::chrono::duration<double> pause(watch.lap() * (1 / share_ - 1));
    free_from_ = Stopwatch::Clock::now() + std::chrono::duration_cast<Stopwatch::Clock::duration>(pause);
  });
  if (best) best_.reset();
}

}  // namespace qmtl
