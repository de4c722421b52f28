// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "hardware/mitigation/readout.h"

namespace qmtl {

/// How one output of a head's circuit is read from a program's classical bits: the expectation of the sum of
/// its terms.
struct ReadOutput {
  int output = 0;  ///< of the circuit
  std::vector<BitTerm> terms;
};

/// What the bitstrings of one row say of a program's outputs: an output is the mean over the shots of what
/// their bitstrings say.
struct RowReading {
  std::vector<double> of_outcome;  ///< [bitstrings of the row in order, outputs]
  std::vector<double> variance;    ///< [outputs] of the mean, from what the reading rests on; empty: 0
};

/// Reads the counts of one row. Keeps what it works out: not for several threads at once.
using RowReader = std::function<RowReading(const Counts& row)>;

/// The bits as they were read.
RowReader plain_reader(std::span<const ReadOutput> outputs);
/// With readout errors undone by the calibrated inverse of each reading.
RowReader inverse_reader(std::span<const ReadOutput> outputs, ReadoutInverse inverse);

/// With readout errors undone on the bitstrings that were observed alone (M3: Nation, Kang, Sundaresan and
/// Gambetta 2021, "Scalable mitigation of measurement errors on quantum computers"). Of each output's bits
/// the assignment probabilities between observed patterns, their columns normalised, are inverted: directly
/// for up to `most_direct` patterns; for more, entries of patterns that differ in more than `far_bits` bits
/// are left out and the system is solved iteratively (BiCGSTAB). Correlations between readings are not
/// undone. measured[c]: physical qubit that classical bit c reads. Throws as ReadoutInverse does.
RowReader m3_reader(std::span<const ReadOutput> outputs, const ReadoutCalibration& calibration,
                    std::span<const int> measured);
inline constexpr std::size_t most_direct = 512;
inline constexpr int far_bits = 3;

/// The reader that undoes what is calibrated, by M3 or by the inverse; without a calibration nothing.
RowReader make_reader(std::span<const ReadOutput> outputs,
                      const std::optional<ReadoutCalibration>& calibration, bool m3,
                      std::span<const int> measured);

/// Outputs of a program in which the readings with flipped[bit] were turned round by an x in front of them.
std::vector<ReadOutput> with_flips_undone(std::vector<ReadOutput> outputs, const std::vector<bool>& flipped);

}  // namespace qmtl
