// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/train/loop/ranks.h"
#include "runtime/train/loop/trainer.h"

namespace qmtl {

/// What every rank did when, in the trace event format of Chrome and Perfetto: a process for each rank, a
/// slice for each step with its phases inside, and one for each validation and save. Ranks of several
/// machines have clocks of their own: all count from a barrier.
class Trace {
 public:
  /// Keeps the first `most_steps` steps and the pauses between them, a few bytes each. Collective.
  Trace(const Ranks& ranks, std::int64_t most_steps);

  /// A step that ends now.
  void step(const StepRecord& record);
  /// A pause that ends now.
  void pause(Pause pause, double seconds);

  /// Rank 0 writes the slices of all ranks into one file. Collective.
  void write(const std::string& path) const;

 private:
  /// Nanoseconds since the barrier.
  struct Slice {
    std::int64_t begin = 0, end = 0;
    std::int32_t kind = 0;  ///< a Phase, or a whole step
    std::int32_t epoch = 0;
    std::int64_t step = 0;
  };
  static constexpr std::int32_t whole_step = -1;
  static std::string event(int rank, const Slice& slice);

  std::int64_t now() const;

  const Ranks& ranks_;
  std::int64_t most_steps_, steps_ = 0;
  std::int64_t step_ = 0;  ///< the last one
  int epoch_ = 0;
  std::vector<Slice> slices_;
  std::chrono::steady_clock::time_point zero_;
};

}  // namespace qmtl
