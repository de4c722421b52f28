// SPDX-License-Identifier: Apache-2.0
#include <Eigen/Dense>
#include <Eigen/Sparse>
#include <algorithm>
#include <map>
#include <set>

#include "hardware/mitigation/bit_counts.h"
#include "hardware/mitigation/row_reading.h"

namespace qmtl {
namespace {

/// Outputs that are read from the same classical bits.
struct SharedBits {
  std::vector<int> bits;             ///< ascending
  std::vector<std::size_t> outputs;  ///< positions among the program's
};

std::vector<SharedBits> by_bits(std::span<const ReadOutput> outputs) {
  std::map<std::vector<int>, std::vector<std::size_t>> groups;
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    std::set<int> bits;
    for (const BitTerm& term : outputs[o].terms) bits.insert(term.bits.begin(), term.bits.end());
    groups[{bits.begin(), bits.end()}].push_back(o);
  }
  std::vector<SharedBits> shared;
  for (auto& [bits, positions] : groups) shared.push_back({bits, positions});
  return shared;
}

/// The patterns of some bits that a row shows, in order, and which of them each of its bitstrings has.
struct Observed {
  std::vector<std::string> patterns;
  std::vector<std::size_t> of_outcome;
};

Observed observed(const Counts& row, const std::vector<int>& bits) {
  Observed seen;
  std::vector<std::string> of_outcome;
  for (const auto& [read, count] : row) {
    std::string& pattern = of_outcome.emplace_back();
    for (int bit : bits) pattern += bit_of(read, bit) ? '1' : '0';
  }
  seen.patterns = of_outcome;
  std::sort(seen.patterns.begin(), seen.patterns.end());
  seen.patterns.erase(std::unique(seen.patterns.begin(), seen.patterns.end()), seen.patterns.end());
  for (const std::string& pattern : of_outcome)
    seen.of_outcome.push_back(static_cast<std::size_t>(
        std::lower_bound(seen.patterns.begin(), seen.patterns.end(), pattern) - seen.patterns.begin()));
  return seen;
}

/// Assignment probabilities between observed patterns.
class Assignment {
 public:
  Assignment(const ReadoutCalibration& calibration, std::span<const int> measured,
             const std::vector<int>& bits) {
    for (int bit : bits) {
      const ReadoutError& error = calibration.qubits.at(measured[static_cast<std::size_t>(bit)]).error;
      read_.push_back({{{1 - error.p1_given_0, error.p0_given_1}, {error.p1_given_0, 1 - error.p0_given_1}}});
    }
  }

  /// weights[pattern, outputs]: what solves A^T weights = values, so that the sum over patterns of their
  /// share times their weight is the output of the quasi-probabilities A^-1 shares.
  Eigen::MatrixXd weights(const std::vector<std::string>& patterns, const Eigen::MatrixXd& values) const {
    return patterns.size() <= most_direct ? direct(patterns, values) : iterative(patterns, values);
  }

 private:
  double probability(const std::string& read, const std::string& prepared) const {
    double product = 1.0;
    for (std::size_t i = 0; i < read_.size(); ++i)
      product *= read_[i][read[i] == '1' ? 1 : 0][prepared[i] == '1' ? 1 : 0];
    return product;
  }

  Eigen::MatrixXd direct(const std::vector<std::string>& patterns, const Eigen::MatrixXd& values) const {
    const auto count = static_cast<Eigen::Index>(patterns.size());
    Eigen::MatrixXd transposed(count, count);  // [prepared, read]
    for (Eigen::Index j = 0; j < count; ++j) {
      for (Eigen::Index i = 0; i < count; ++i)
        transposed(j, i) =
            probability(patterns[static_cast<std::size_t>(i)], patterns[static_cast<std::size_t>(j)]);
      transposed.row(j) /= transposed.row(j).sum();
    }
    return transposed.partialPivLu().solve(values);
  }

  Eigen::MatrixXd iterative(const std::vector<std::string>& patterns, const Eigen::MatrixXd& values) const {
    std::vector<Eigen::Triplet<double>> entries;
    for (std::size_t j = 0; j < patterns.size(); ++j) {
      const std::size_t first = entries.size();
      double sum = 0;
      for (std::size_t i = 0; i < patterns.size(); ++i) {
        int apart = 0;
        for (std::size_t b = 0; b < read_.size() && apart <= far_bits; ++b)
          apart += patterns[i][b] != patterns[j][b];
        if (apart > far_bits) continue;
        const double p = probability(patterns[i], patterns[j]);
        entries.emplace_back(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(i), p);
        sum += p;
      }
      for (std::size_t e = first; e < entries.size(); ++e)
        entries[e] = {entries[e].row(), entries[e].col(), entries[e].value() / sum};
    }
    const auto count = static_cast<Eigen::Index>(patterns.size());
    Eigen::SparseMatrix<double, Eigen::RowMajor> transposed(count, count);
    transposed.setFromTriplets(entries.begin(), entries.end());
    Eigen::BiCGSTAB<Eigen::SparseMatrix<double, Eigen::RowMajor>> solver;
    solver.setTolerance(1e-10);
    solver.compute(transposed);
    Eigen::MatrixXd weights = solver.solveWithGuess(values, values);
    if (solver.info() != Eigen::Success)
      throw EndpointError(EndpointFault::malformed,
                          "m3: the readout errors of " + std::to_string(read_.size()) +
                              " qubits are too large to be undone on the bitstrings that were observed; "
                              "expected --mitigate readout or none for this device");
    return weights;
  }

  std::vector<std::array<std::array<double, 2>, 2>> read_;  ///< [bit][read][prepared]
};

/// What the error-free pattern of some bits says of an output.
double value_of(const ReadOutput& output, const std::vector<int>& bits, const std::string& pattern) {
  double sum = 0;
  for (const BitTerm& term : output.terms) {
    bool odd = false;
    for (int bit : term.bits)
      odd ^=
          pattern[static_cast<std::size_t>(std::lower_bound(bits.begin(), bits.end(), bit) - bits.begin())] ==
          '1';
    sum += odd ? -term.weight : term.weight;
  }
  return sum;
}

}  // namespace

RowReader m3_reader(std::span<const ReadOutput> outputs, const ReadoutCalibration& calibration,
                    std::span<const int> measured) {
  // Of complete subspaces M3 is the inverse, whose uncertainty by the calibration is M3's to first order.
  const ReadoutInverse inverse(calibration, measured);
  const std::vector<ReadOutput> own(outputs.begin(), outputs.end());
  const std::vector<SharedBits> shared = by_bits(own);
  std::vector<Assignment> assignments;
  for (const SharedBits& group : shared) assignments.emplace_back(calibration, measured, group.bits);
  return [own, shared, assignments, inverse, readings = measured.size()](const Counts& row) {
    require_bits(row, readings, "m3");
    RowReading reading;
    reading.of_outcome.resize(row.size() * own.size());
    for (std::size_t g = 0; g < shared.size(); ++g) {
      const SharedBits& group = shared[g];
      const Observed seen = observed(row, group.bits);
      Eigen::MatrixXd values(static_cast<Eigen::Index>(seen.patterns.size()),
                             static_cast<Eigen::Index>(group.outputs.size()));
      for (std::size_t p = 0; p < seen.patterns.size(); ++p)
        for (std::size_t o = 0; o < group.outputs.size(); ++o)
          values(static_cast<Eigen::Index>(p), static_cast<Eigen::Index>(o)) =
              value_of(own[group.outputs[o]], group.bits, seen.patterns[p]);
      const Eigen::MatrixXd weights = assignments[g].weights(seen.patterns, values);
      for (std::size_t k = 0; k < seen.of_outcome.size(); ++k)
        for (std::size_t o = 0; o < group.outputs.size(); ++o)
          reading.of_outcome[k * own.size() + group.outputs[o]] =
              weights(static_cast<Eigen::Index>(seen.of_outcome[k]), static_cast<Eigen::Index>(o));
    }
    for (const ReadOutput& output : own)
      reading.variance.push_back(inverse.calibration_variance(row, output.terms));
    return reading;
  };
}

}  // namespace qmtl
