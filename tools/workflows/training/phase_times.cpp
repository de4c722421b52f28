// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/phase_times.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace qmtl {

void PhaseSums::add(const StepRecord& step) {
  const auto add_to = [&](Phase phase, double seconds) {
    seconds_[static_cast<std::size_t>(phase)] += seconds;
  };
  add_to(Phase::compute, step.times.compute);
  add_to(Phase::wait, step.times.wait);
  add_to(Phase::reduce, step.times.reduce);
  add_to(Phase::update, step.times.update);
  // Saves come as pauses, as they end: step.times has them only with the next step.
  ++steps_;
  samples_ += step.samples;
}

TimingRecord PhaseSums::gather(const Ranks& ranks, bool each_rank) {
  constexpr std::size_t phases = phase_names.size(), width = phases + 1;
  const auto count = static_cast<std::size_t>(ranks.size());
  std::array<double, width> mine;
  std::copy(seconds_.begin(), seconds_.end(), mine.begin());
  mine[phases] = std::chrono::duration<double>(Clock::now() - start_).count();
  std::vector<double> all(count * width);
  const std::vector<std::string> texts =
      ranks.gather({reinterpret_cast<const char*>(mine.data()), sizeof mine});
  for (std::size_t rank = 0; rank < count; ++rank)
    std::memcpy(all.data() + rank * width, texts[rank].data(), sizeof mine);

  TimingRecord timing;
  timing.steps = steps_;
  for (std::size_t rank = 0; rank < count; ++rank)
    timing.seconds = std::max(timing.seconds, all[rank * width + phases]);
  if (timing.seconds > 0) timing.samples_per_second = static_cast<double>(samples_) / timing.seconds;
  for (std::size_t phase = 0; phase < phases; ++phase) {
    PhaseSeconds one{phase_names[phase]};
    for (std::size_t rank = 0; rank < count; ++rank) {
      const double seconds = all[rank * width + phase];
      one.mean += seconds / static_cast<double>(count);
      one.max = std::max(one.max, seconds);
      if (each_rank) one.ranks.push_back(seconds);
    }
    timing.phases.push_back(std::move(one));
  }
  *this = {};
  return timing;
}

}  // namespace qmtl
