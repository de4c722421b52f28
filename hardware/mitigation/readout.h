// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hardware/program.h"
#include "hardware/target.h"
#include "runtime/noise/noise_model.h"
#include "runtime/noise/noisy.h"

namespace qmtl {

/// An expectation and the variance of its estimate.
struct Estimate {
  double value = 0.0, variance = 0.0;
};

/// A weighted Z-string over a program's readings: weight * product of Z over classical bits (ascending, none
/// twice).
struct BitTerm {
  std::vector<int> bits;
  double weight = 1.0;
};

/// Mean over the counts of a sum of Z-strings; the variance is that of the mean of so many shots. Throws
/// EndpointError (malformed) for counts without shots and for bitstrings that are too short for a term.
Estimate expectation(const Counts& counts, std::span<const BitTerm> terms);

/// What is known of one qubit's reading, and from how many shots of each prepared state (0: exactly).
struct QubitReadout {
  ReadoutError error;
  std::array<std::uint64_t, 2> shots{};
  bool operator==(const QubitReadout&) const = default;
};

/// What is known of two qubits that are read together. Patterns are numbered with the first qubit as bit 0.
struct PairReadout {
  std::array<std::array<double, 4>, 4> assignment{};  ///< [read][prepared]: probabilities, columns sum to 1
  std::array<std::uint64_t, 4> shots{};               ///< of each prepared pattern; 0: known exactly
  bool operator==(const PairReadout&) const = default;
};

/// Errors of the readings of physical qubits.
struct ReadoutCalibration {
  std::map<int, QubitReadout> qubits;
  std::map<std::pair<int, int>, PairReadout> pairs;  ///< first < second
  bool operator==(const ReadoutCalibration&) const = default;
};

/// A program that prepares known bits and reads them.
struct CalibrationProgram {
  DeviceProgram program;       ///< reads the qubits in the order they were given
  std::vector<bool> prepared;  ///< of each reading
};

/// Programs from which the errors of `qubits`, and of `pairs` among them, are estimated: 2 without pairs;
/// with pairs every pair sees its four patterns equally often, in 4 programs while three colours tell the
/// qubits of every pair apart (chains, rings, grids), else in 8. All qubits are prepared and read at once.
/// Throws Error (usage) for a pair that is not among the qubits, and when the target has no gate that flips a
/// qubit.
std::vector<CalibrationProgram> calibration_programs(std::span<const int> qubits,
                                                     std::span<const std::pair<int, int>> pairs,
                                                     const DeviceTarget& target);

/// The calibration that counts[i] of programs[i] show. Throws EndpointError (malformed) for counts that have
/// no shots or other bits than the program.
ReadoutCalibration estimate_readout(std::span<const CalibrationProgram> programs,
                                    std::span<const Counts> counts,
                                    std::span<const std::pair<int, int>> pairs);

/// What a noise model says of the qubits, without uncertainty.
ReadoutCalibration known_readout(const NoiseModel& model, std::span<const int> qubits);

/// Largest difference between a pair's assignment probabilities and the product of its qubits' own: 0 where
/// errors are independent.
double correlation(const ReadoutCalibration& calibration, std::pair<int, int> pair);

/// Takes qubits whose readings say next to nothing out of a calibration (p(1|0) + p(0|1) >= 1, or so near to
/// it that undoing stretches errors a hundredfold): they count as read without errors from then on, so that
/// what they read stays as it is, and pairs with them are dropped. Returns them, ascending.
std::vector<int> set_aside_unusable(ReadoutCalibration& calibration);

/// Undoes the readout errors of a program's readings in expectations of Z-strings. Readings are grouped in
/// pairs (of the calibration's, the most correlated first, none sharing a qubit) and single ones; the
/// assignment matrix is the product of the groups' (Bravyi et al. 2021, "Mitigating measurement errors in
/// multiqubit experiments", section II), so its inverse acts on each shot as a product over groups and no
/// 2^n-vector is ever made. Correlations between groups are not undone. The quasi-probabilities behind the
/// result may be negative, so a value may lie outside -1 .. 1; its variance is larger than without.
class ReadoutInverse {
 public:
  /// measured[c]: physical qubit that classical bit c reads. Throws EndpointError (malformed) naming qubits
  /// that are not calibrated, and those whose calibration cannot be inverted (p(1|0) + p(0|1) >= 1 or close
  /// to it) .
  ReadoutInverse(const ReadoutCalibration& calibration, std::span<const int> measured);

  /// As expectation() above. The variance adds up the shots' and the calibration's; the latter is common to
  /// all estimates that are made with the same calibration.
  Estimate expectation(const Counts& counts, std::span<const BitTerm> terms) const;
  /// What the calibration alone adds to that variance.
  double calibration_variance(const Counts& counts, std::span<const BitTerm> terms) const;

  /// Classical bits of each group, one or two.
  std::vector<std::vector<int>> groups() const;

 private:
  using Matrix = std::array<std::array<double, 4>, 4>;
  struct Group {
    std::vector<int> bits;     ///< classical bits, one or two; the first is bit 0 of a pattern
    std::size_t patterns = 2;  ///< 2 or 4: what of the matrices is used
    Matrix assignment{};       ///< [read][prepared]
    Matrix inverse{};          ///< [prepared][read]
    std::array<std::uint64_t, 4> shots{};
  };
  struct Factor;
  struct Product;
  Group single(const ReadoutCalibration& calibration, std::span<const int> measured, int bit) const;
  Product product(const BitTerm& term) const;
  std::vector<Product> products(std::span<const BitTerm> terms) const;
  double factor_value(const Factor& factor, const std::string& read) const;
  double calibration_variance(const std::vector<Matrix>& slopes) const;

  std::vector<Group> groups_;
  std::vector<std::pair<int, int>> place_;  ///< of each classical bit: its group, and its bit in the pattern
};

}  // namespace qmtl
