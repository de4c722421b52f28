// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hardware/endpoint.h"
#include "runtime/noise/noise_model.h"

namespace qmtl {

/// Executes programs on the simulator of runtime/noise. Counts depend on seed, key, program, row and shots
/// alone, never on threads or on what was executed before.
class Executor {
 public:
  Executor(NoiseModel noise, std::uint64_t seed);

  /// counts[row] of one sweep. `key` tells equal sweeps of different jobs apart.
  std::vector<Counts> run(const Sweep& sweep, std::int64_t shots, std::uint64_t key) const;

  /// probabilities[row][bits], bit c of the index = classical bit c; at most 16 readings. Where frequencies
  /// drift the mean over as many drawn offsets as run() has.
  std::vector<std::vector<double>> probabilities(const Sweep& sweep) const;

 private:
  NoiseModel noise_;
  std::uint64_t seed_;
};

/// The outcome at `level` (0 to 1) of a distribution, given by its running sums: rounding does not reach
/// behind the last outcome that can occur.
std::size_t outcome_at(std::span<const double> cumulative, double level);

/// The key of a job for run(): its tag and the sweep's number.
std::uint64_t sweep_key(std::string_view tag, std::size_t sweep);

}  // namespace qmtl
