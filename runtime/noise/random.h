// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "runtime/base/philox.h"

namespace qmtl {

/// Random numbers of noisy simulation: pure functions of seed and position, so that results depend neither on
/// threads nor on the order of work.
class NoiseRandom {
 public:
  enum class Purpose : std::uint32_t {
    channel = 1,  ///< which Kraus operator of a trajectory's channel
    measure = 2,  ///< outcomes of measured and of discarded qubits
    readout = 3,  ///< errors of measurements
    drift = 5,    ///< frequency offsets of an execution
    shot = 4,     ///< bitstrings drawn from a known distribution
    device = 6,   ///< what a device is within its calibration's uncertainty
    kept = 7,     ///< which shots are kept of more
  };
  /// Where a number lies: sample, circuit (block) number, trajectory or shot, and position in the circuit.
  struct At {
    std::uint32_t sample = 0, block = 0, shot = 0;
  };

  explicit NoiseRandom(std::uint64_t seed)
      : seed_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)} {}

  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform(Purpose purpose, const At& at, std::uint32_t position) const {
    const auto mixed = philox({seed_[0], seed_[1], static_cast<std::uint32_t>(purpose), at.block},
                              {0x6e6f6973u, 0x65736565u});
    const auto word = philox({position, at.shot, at.sample, 0}, {mixed[0], mixed[1]});
    return static_cast<double>((std::uint64_t{word[0]} << 32 | word[1]) >> 11) * 0x1p-53;
  }

  /// Standard normal (Box and Muller 1958).
  double normal(Purpose purpose, const At& at) const {
    const double radius = std::sqrt(-2 * std::log1p(-uniform(purpose, at, 0)));
    return radius * std::cos(6.283185307179586476925 * uniform(purpose, at, 1));
  }

 private:
  std::array<std::uint32_t, 2> seed_;
};

}  // namespace qmtl
