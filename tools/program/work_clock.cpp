// SPDX-License-Identifier: Apache-2.0
#include "tools/program/work_clock.h"

#include <cstdio>

namespace qmtl {
namespace {

/// A step is named after so long, then more and more rarely where lines stay.
constexpr std::chrono::duration<double> first_line{1.5}, longest_gap{30.0}, redraw{0.5};

}  // namespace

WorkClock::WorkClock(ProgressPrinter::Mode mode) : mode_(mode) {
  if (mode_ != ProgressPrinter::Mode::off) thread_ = std::thread([this] { watch(); });
}

WorkClock::~WorkClock() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
    clear();
  }
  ended_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void WorkClock::step(const std::string& what, std::size_t done, std::size_t all) {
  if (mode_ == ProgressPrinter::Mode::off) return;
  const std::lock_guard lock(mutex_);
  place_ = all > 0 ? " (" + std::to_string(done + 1) + " of " + std::to_string(all) + ")" : "";
  // Steps of one kind follow each other: the clock goes on.
  if (what == what_) return;
  clear();
  what_ = what;
  begun_ = Clock::now();
  gap_ = first_line;
  next_ = begun_ + std::chrono::duration_cast<Clock::duration>(gap_);
}

void WorkClock::watch() {
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, std::chrono::milliseconds(250), [this] { return end_; })) {
    if (what_.empty() || Clock::now() < next_) continue;
    show();
    gap_ = mode_ == ProgressPrinter::Mode::line ? redraw : std::min(2 * gap_, longest_gap);
    next_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(gap_);
  }
}

void WorkClock::show() {
  const std::chrono::duration<double> passed = Clock::now() - begun_;
  const std::string line = what_ + place_ + ", " + duration(passed.count());
  if (mode_ == ProgressPrinter::Mode::line) {
    std::fprintf(stderr, "\r%.150s\033[K", line.c_str());
    drawn_ = true;
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  std::fflush(stderr);
}

void WorkClock::clear() {
  if (drawn_) std::fprintf(stderr, "\r\033[K");
  drawn_ = false;
}

}  // namespace qmtl
