// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace qmtl {

/// Whose random numbers a sample takes, on a device that draws any.
struct SampleKey {
  std::uint64_t seed = 0;
  std::int64_t step = 0;
  std::size_t sample = 0;
};

/// What computes a part of a plan sample by sample and in double where no kernel does: a device with noise.
/// After bind() the const calls may run concurrently; equal arguments give equal bits.
class SampleDevice {
 public:
  virtual ~SampleDevice() = default;
  /// Fixes the part's parameters.
  virtual void bind(std::span<const double> params) = 0;
  /// Writes the part's outputs and behind them, where they were asked for, the second moments.
  virtual void forward(const SampleKey& key, std::span<const double> angles,
                       std::span<double> values) const = 0;
  /// What a gradient needs of a batch: numbers that add up over samples.
  virtual std::size_t sums_size() const = 0;
  /// The same as forward, and for cotangents of the outputs writes d loss / d angles and ADDS to the sums.
  virtual void vjp(const SampleKey& key, std::span<const double> angles, std::span<const double> cotangents,
                   std::span<double> values, std::span<double> angle_gradients,
                   std::span<double> sums) const = 0;
  /// ADDS d loss / d parameters, which is linear in the sums; where nothing else is said they are it.
  virtual void finish(std::span<const double> sums, std::span<double> param_gradients) const {
    for (std::size_t i = 0; i < sums.size(); ++i) param_gradients[i] += sums[i];
  }
};

}  // namespace qmtl
