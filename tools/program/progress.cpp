// SPDX-License-Identifier: Apache-2.0
#include "tools/program/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace qmtl {
namespace {

int terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  const auto all = static_cast<long long>(std::min(seconds + 0.5, 3.6e9));
  return all >= 3600 ? fmt::format("{}:{:02}:{:02}", all / 3600, all / 60 % 60, all % 60)
                     : fmt::format("{}:{:02}", all / 60, all % 60);
}

ProgressPrinter::Mode ProgressPrinter::choose(const std::string& option, bool quiet) {
  if (quiet || option == "off") return Mode::off;
  if (option == "line") return Mode::line;
  if (option == "plain") return Mode::plain;
  return terminal_width() > 0 ? Mode::line : Mode::plain;
}

void ProgressPrinter::step(const Progress& progress) {
  last_ = progress;
  const std::chrono::duration<double> passed = Clock::now() - drawn_;
  if (mode_ == Mode::plain && passed.count() >= every_) {
    std::fprintf(stderr, "%s\n", line().c_str());
    drawn_ = Clock::now();
  }
  if (mode_ != Mode::line || (open_ && passed.count() < 0.1)) return;
  drawn_ = Clock::now();
  open_ = true;
  const int width = terminal_width();
  // One column stays free: a full line would wrap and could not be redrawn.
  std::fprintf(stderr, "\r%.*s\033[K", width > 1 ? width - 1 : 199, line().c_str());
  std::fflush(stderr);
}

std::string ProgressPrinter::line() const {
  return fmt::format("epoch {}/{}  {:3.0f}%  loss {:.4f}{}  {:.0f} samples/s  ETA {}", last_.epoch,
                     last_.epochs,
                     100.0 * static_cast<double>(last_.step) / static_cast<double>(last_.total_steps),
                     last_.loss, validation_text(), last_.samples_per_second, duration(last_.seconds_left));
}

/// Without validation samples there is no score.
std::string ProgressPrinter::validation_text() const {
  return std::isnan(validation_) ? "" : fmt::format("  validation {:.4f}", validation_);
}

void ProgressPrinter::epoch(const EpochRecord& record, bool best) {
  validation_ = record.validation_mean;
  if (mode_ != Mode::plain) return;
  drawn_ = Clock::now();
  std::fprintf(stderr, "epoch %d/%d  loss %.4f%s%s  %.0f samples/s  ETA %s\n", record.epoch, last_.epochs,
               record.train_loss, validation_text().c_str(),
               best && !std::isnan(validation_) ? " (best)" : "", last_.samples_per_second,
               duration(last_.seconds_left).c_str());
}

void WorkPrinter::step(const std::string& what, std::uint64_t done, std::uint64_t all) {
  const bool fresh = what != what_;
  const Clock::time_point now = Clock::now();
  if (fresh) what_ = what, begun_ = now;
  const double passed = std::chrono::duration<double>(now - drawn_).count();
  // In a log a task that ends at once needs no line.
  if (mode_ == ProgressPrinter::Mode::off || (mode_ == ProgressPrinter::Mode::plain && passed < every_) ||
      (mode_ == ProgressPrinter::Mode::line && open_ && !fresh && done < all && passed < 0.1))
    return;
  drawn_ = now;
  std::string line = what;
  if (all > 0) {
    const double share = static_cast<double>(done) / static_cast<double>(all);
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    line += fmt::format("  {:3.0f}%  ETA {}", 100 * share, duration(seconds * (1 - share) / share));
  }
  if (mode_ == ProgressPrinter::Mode::plain) {
    std::fprintf(stderr, "%s\n", line.c_str());
    return;
  }
  open_ = true;
  const int width = terminal_width();
  std::fprintf(stderr, "\r%.*s\033[K", width > 1 ? width - 1 : 199, line.c_str());
  std::fflush(stderr);
}

void WorkPrinter::finish() {
  if (open_) std::fputs("\r\033[K", stderr);
  open_ = false;
}

void ProgressPrinter::finish() {
  if (open_) std::fputs("\n", stderr);
  open_ = false;
}

}  // namespace qmtl
