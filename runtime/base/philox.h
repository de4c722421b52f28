// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace qmtl {

/// What random numbers are for; every purpose has its own stream. The numbers are part of what a run's bits
/// depend on.
enum class Purpose : std::uint32_t {
  initial = 1,
  permutation = 2,
  dropout = 3,
  shot_noise = 4,
  augmentation = 5,
  gradient_variance = 11,
  resplit = 16,
  perturbation = 17,
  importance = 18,
  batch_order = 19,
  projection_order = 20,
};

/// Philox4x32-10: ten rounds of a counter-based generator (Salmon, Moraes, Dror and Shaw, "Parallel random
/// numbers: as easy as 1, 2, 3", SC 2011). A pure function of counter and key.
constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                              std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

/// Where in a stream a number lies: the same four numbers give the same random number on every rank and
/// thread.
struct Position {
  std::uint32_t step = 0;    ///< optimiser step, or epoch
  std::uint32_t task = 0;    ///< task, output, layer or parameter number
  std::uint32_t sample = 0;  ///< sample number in the data set
  std::uint32_t index = 0;   ///< element
};

/// The random numbers of one (seed, purpose): stateless, so any number can be had in any order.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, Purpose purpose);

  std::array<std::uint32_t, 4> bits(Position at) const {
    return philox({at.step, at.task, at.sample, at.index}, key_);
  }
  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform(Position at) const;
  /// Standard normal (Box and Muller 1958), |value| < 8.6.
  double normal(Position at) const;
  const std::array<std::uint32_t, 2>& key() const { return key_; }
  /// A random order of 0 .. n-1, n < 2^32 (Fisher-Yates), from positions {step, task, 0, 1 .. n-1}.
  std::vector<std::size_t> permutation(std::size_t n, std::uint32_t step, std::uint32_t task = 0) const;

 private:
  std::array<std::uint32_t, 2> key_;
};

}  // namespace qmtl
