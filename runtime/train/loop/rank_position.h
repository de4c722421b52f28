// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace qmtl {

/// What a rank is doing. `start` is what comes before training, `other` all work that is not training: both
/// have no pieces that could be counted.
enum class Doing : std::uint8_t { start, other, compute, wait, reduce, update, save, evaluate, finish };
inline bool counted(Doing doing) { return doing != Doing::start && doing != Doing::other; }

inline constexpr std::array<std::string_view, 9> doing_names{
    "the start",     "its work",   "the computation", "waiting for other ranks",
    "the reduction", "the update", "the save",        "the evaluation",
    "the end"};
inline std::string_view name(Doing doing) { return doing_names[static_cast<std::size_t>(doing)]; }

/// Where a rank stands at one moment.
struct Standing {
  Doing doing = Doing::start;
  bool communicating = false;  ///< inside a call that waits for other ranks
  std::int64_t step = 0;       ///< the running step, 1-based; 0: before the first
  std::int64_t advances = 0;   ///< grows with every piece of work that is done
};

/// Where this rank stands: written by the threads that work, read by the one that watches. Costs a few
/// relaxed stores a step.
class RankPosition {
 public:
  void enter(Doing doing, std::int64_t step) {
    step_.store(step, std::memory_order_relaxed);
    enter(doing);
  }
  void enter(Doing doing) {
    doing_.store(doing, std::memory_order_relaxed);
    advance();
  }
  void communicate(bool begins) {
    communicating_.store(begins, std::memory_order_relaxed);
    advance();
  }
  void advance() { advances_.fetch_add(1, std::memory_order_relaxed); }

  Standing standing() const {
    return {doing_.load(std::memory_order_relaxed), communicating_.load(std::memory_order_relaxed),
            step_.load(std::memory_order_relaxed), advances_.load(std::memory_order_relaxed)};
  }

 private:
  std::atomic<Doing> doing_{Doing::start};
  std::atomic<bool> communicating_{false};
  std::atomic<std::int64_t> step_{0}, advances_{0};
};

}  // namespace qmtl
