// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hardware/head_outputs.h"
#include "hardware/mitigation/extrapolate.h"
#include "hardware/mitigation/readout.h"

namespace qmtl {

/// The outputs of a head's circuit for samples, from what a device counted. Each value is a mean over shots
/// of a function of the bitstring (with readout errors undone it is still one), or extrapolated from such
/// means.
class MeasuredValues {
 public:
  MeasuredValues(std::size_t samples, int outputs, std::optional<ExtrapolationKind> extrapolation)
      : samples_(samples), outputs_(outputs), extrapolation_(extrapolation) {}

  /// Adds counts[sample] of a program with so many times the noise; counts without shots are missing. With
  /// `inverse` readout errors are undone.
  void add(const std::vector<ReadOutput>& outputs, double factor, std::span<const Counts> counts,
           const ReadoutInverse* inverse = nullptr);

  /// Whether all programs of a sample were counted.
  bool complete(std::size_t sample) const;

  /// Of all programs and samples of `which`; 0 where a sample is not complete.
  std::uint64_t fewest_shots(std::span<const std::size_t> which) const;

  /// values[samples of `which`, outputs].
  std::vector<double> values(std::span<const std::size_t> which) const;

  /// The same of `count` replicates from number `first`: [count][samples of `which`, outputs]. In each the
  /// shots of every program and sample are drawn again from those that were counted, with replacement (a
  /// multinomial distribution). Numbers depend on seed, replicate, program, sample and shot alone.
  std::vector<std::vector<double>> replicates(std::span<const std::size_t> which, std::uint64_t seed,
                                              std::size_t first, std::size_t count) const;

 private:
  /// What one program's shots of one sample say.
  struct ShotTable {
    std::vector<std::uint64_t> counts;  ///< [outcomes]
    std::vector<double> of_outcome;     ///< [outcomes, outputs of the program]
  };
  struct Part {
    std::vector<int> outputs;
    double factor = 1.0;
    std::vector<ShotTable> tables;  ///< [samples]
  };
  void write_values(std::span<const std::vector<std::uint64_t>> counts, std::size_t sample,
                    std::span<double> values) const;

  std::size_t samples_;
  int outputs_;
  std::optional<ExtrapolationKind> extrapolation_;
  std::vector<Part> parts_;
};

}  // namespace qmtl
