// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hardware/mitigation/extrapolate.h"
#include "hardware/mitigation/row_reading.h"
#include "hardware/mitigation/settings.h"
#include "hardware/replay/program_place.h"

namespace qmtl {

/// The outputs of a head's circuit for samples, from what a device counted. Each value is a weighted sum of
/// means over shots of a function of the bitstring (with readout errors undone it is still one), or
/// extrapolated from such sums.
class MeasuredValues {
 public:
  MeasuredValues(std::size_t samples, int outputs, std::optional<ExtrapolationKind> extrapolation)
      : samples_(samples), outputs_(outputs), extrapolation_(extrapolation) {}

  /// Adds counts[sample] of a program; counts without shots are missing. All programs of a group have the
  /// same outputs in the same order.
  void add(std::span<const ReadOutput> outputs, const ProgramPlace& place, std::span<const Counts> counts,
           const RowReader& read);
  /// A program that measures its outputs alone, with so many times the noise.
  void add(const std::vector<ReadOutput>& outputs, double factor, std::span<const Counts> counts) {
    add(outputs, {-1, 0, factor, {}}, counts, plain_reader(outputs));
  }

  /// Whether all programs of a sample were counted.
  bool complete(std::size_t sample) const;

  /// Of all programs and samples of `which`, those of a stratum together where there are fewest_clusters; 0
  /// where a sample is not complete.
  std::uint64_t fewest_shots(std::span<const std::size_t> which) const;

  /// values[samples of `which`, outputs].
  std::vector<double> values(std::span<const std::size_t> which) const;
  /// The same with their variances: of the shots, of the programs that were drawn at random, and of what the
  /// readings rest on (a calibration, common to all samples).
  std::vector<Estimate> estimates(std::span<const std::size_t> which) const;

  /// The same of `count` replicates from number `first`: [count][samples of `which`, outputs]. In each the
  /// shots of every program and sample are drawn again from those that were counted, with replacement (a
  /// multinomial distribution); or, in strata of C >= fewest_clusters programs, C - 1 of its programs with
  /// all their shots, the same for all samples, which they have in common (Rao and Wu 1988, "Resampling
  /// inference with complex survey data": the variance is then without bias). Numbers depend on seed,
  /// replicate, program, sample and shot alone.
  std::vector<std::vector<double>> replicates(std::span<const std::size_t> which, std::uint64_t seed,
                                              std::size_t first, std::size_t count) const;

 private:
  /// What one program's shots of one sample say.
  struct ShotTable {
    std::vector<std::uint64_t> counts;  ///< [outcomes]
    std::vector<double> of_outcome;     ///< [outcomes, outputs of the program]
    std::vector<double> uncertain;      ///< [outputs] variance of the reading itself; empty: none
  };
  struct Part {
    std::vector<double> weights;    ///< [outputs of the program]
    std::vector<ShotTable> tables;  ///< [samples]
  };
  struct Group {
    int id;
    double factor;
    std::vector<int> outputs;
    std::vector<std::vector<std::size_t>> strata;  ///< numbers of parts
  };
  /// What a replicate takes of a part: its shots again, or its mean so many times.
  struct Draw {
    const std::vector<std::uint64_t>* counts;
    double times = 1.0;
  };
  Group& group_of(std::span<const ReadOutput> outputs, const ProgramPlace& place);
  Estimate sum_of(const Group& group, std::size_t j, std::size_t sample, std::span<const Draw> draws) const;
  double uncertain(const Group& group, std::size_t j, std::size_t sample) const;
  /// Of every output, with nothing but the variance that the draws show.
  std::vector<Estimate> outputs_of(std::size_t sample, std::span<const Draw> draws) const;
  std::vector<Draw> all_shots(std::size_t sample) const;

  std::size_t samples_;
  int outputs_;
  std::optional<ExtrapolationKind> extrapolation_;
  std::vector<Part> parts_;
  std::vector<Group> groups_;
};

}  // namespace qmtl
