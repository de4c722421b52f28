// SPDX-License-Identifier: Apache-2.0
#include "hardware/mitigation/readout.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "hardware/mitigation/bit_counts.h"

namespace qmtl {
namespace {

using Matrix4 = std::array<std::array<double, 4>, 4>;

/// Largest column of absolute values that an inverse may have: by so much it stretches errors.
constexpr double most_amplification = 100.0;

/// By Gauss and Jordan with pivots; nothing for a singular matrix.
std::optional<Matrix4> inverted(Matrix4 matrix, std::size_t size) {
  Matrix4 inverse{};
  for (std::size_t i = 0; i < size; ++i) inverse[i][i] = 1.0;
  for (std::size_t column = 0; column < size; ++column) {
    std::size_t pivot = column;
    for (std::size_t row = column + 1; row < size; ++row)
      if (std::abs(matrix[row][column]) > std::abs(matrix[pivot][column])) pivot = row;
    if (std::abs(matrix[pivot][column]) < 1e-12) return std::nullopt;
    std::swap(matrix[pivot], matrix[column]);
    std::swap(inverse[pivot], inverse[column]);
    const double scale = 1.0 / matrix[column][column];
    for (std::size_t i = 0; i < size; ++i) {
      matrix[column][i] *= scale;
      inverse[column][i] *= scale;
    }
    for (std::size_t row = 0; row < size; ++row) {
      const double factor = matrix[row][column];
      if (row == column || factor == 0.0) continue;
      for (std::size_t i = 0; i < size; ++i) {
        matrix[row][i] -= factor * matrix[column][i];
        inverse[row][i] -= factor * inverse[column][i];
      }
    }
  }
  return inverse;
}

double amplification(const Matrix4& inverse, std::size_t size) {
  double largest = 0.0;
  for (std::size_t column = 0; column < size; ++column) {
    double sum = 0.0;
    for (std::size_t row = 0; row < size; ++row) sum += std::abs(inverse[row][column]);
    largest = std::max(largest, sum);
  }
  return largest;
}

[[noreturn]] void refuse(const std::string& what) { throw EndpointError(EndpointFault::malformed, what); }

const QubitReadout& readout_of(const ReadoutCalibration& calibration, int qubit) {
  const auto found = calibration.qubits.find(qubit);
  if (found == calibration.qubits.end())
    refuse("readout calibration: qubit " + std::to_string(qubit) +
           " is not calibrated; calibrate all qubits that are read");
  const ReadoutError& error = found->second.error;
  const bool probabilities = error.p1_given_0 >= 0.0 && error.p1_given_0 <= 1.0 && error.p0_given_1 >= 0.0 &&
                             error.p0_given_1 <= 1.0;
  if (!probabilities || error.p1_given_0 + error.p0_given_1 >= 1.0)
    refuse("readout calibration: qubit " + std::to_string(qubit) + " has p(1|0) = " +
           std::to_string(error.p1_given_0) + " and p(0|1) = " + std::to_string(error.p0_given_1) +
           ", expected probabilities with a sum below 1; its reading says nothing: use another qubit");
  return found->second;
}

Matrix4 single_assignment(const ReadoutError& error) {
  Matrix4 assignment{};
  assignment[0] = {1.0 - error.p1_given_0, error.p0_given_1};
  assignment[1] = {error.p1_given_0, 1.0 - error.p0_given_1};
  return assignment;
}

Matrix4 checked_inverse(const Matrix4& assignment, std::size_t patterns, const std::string& whose) {
  const std::optional<Matrix4> inverse = inverted(assignment, patterns);
  if (!inverse || !(amplification(*inverse, patterns) < most_amplification))
    refuse("readout calibration: the assignment matrix of " + whose +
           " cannot be inverted (or would stretch errors more than " + std::to_string(most_amplification) +
           " times): use other qubits or calibrate again");
  return *inverse;
}

/// Pairs of classical bits whose qubits are calibrated together: the most correlated first, none sharing a
/// bit.
std::vector<std::pair<int, int>> matched_bits(const ReadoutCalibration& calibration,
                                              std::span<const int> measured) {
  struct Candidate {
    double correlation;
    std::pair<int, int> bits;  // in the order of the pair's qubits
  };
  std::map<int, int> bit_at;
  for (std::size_t c = 0; c < measured.size(); ++c) bit_at[measured[c]] = static_cast<int>(c);
  std::vector<Candidate> candidates;
  for (const auto& [pair, readout] : calibration.pairs)
    if (bit_at.contains(pair.first) && bit_at.contains(pair.second))
      candidates.push_back({correlation(calibration, pair), {bit_at[pair.first], bit_at[pair.second]}});
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.correlation > b.correlation; });
  std::vector<bool> taken(measured.size(), false);
  std::vector<std::pair<int, int>> chosen;
  for (const Candidate& candidate : candidates) {
    const auto first = static_cast<std::size_t>(candidate.bits.first);
    const auto second = static_cast<std::size_t>(candidate.bits.second);
    if (taken[first] || taken[second]) continue;
    taken[first] = taken[second] = true;
    chosen.push_back(candidate.bits);
  }
  return chosen;
}

std::size_t bits_needed(std::span<const BitTerm> terms) {
  std::size_t bits = 1;
  for (const BitTerm& term : terms)
    for (int bit : term.bits) bits = std::max(bits, static_cast<std::size_t>(bit) + 1);
  return bits;
}

}  // namespace

Estimate expectation(const Counts& counts, std::span<const BitTerm> terms) {
  require_bits(counts, bits_needed(terms), "expectation");
  return mean_over_shots(counts, [&](const std::string& read) {
    double sum = 0.0;
    for (const BitTerm& term : terms) {
      unsigned parity = 0;
      for (int bit : term.bits) parity ^= bit_of(read, bit);
      sum += parity == 0 ? term.weight : -term.weight;
    }
    return sum;
  });
}

ReadoutCalibration known_readout(const NoiseModel& model, std::span<const int> qubits) {
  const NoiseTable table(model);
  ReadoutCalibration calibration;
  for (int qubit : qubits) calibration.qubits[qubit] = {table.readout(qubit), {}};
  return calibration;
}

std::vector<int> set_aside_unusable(ReadoutCalibration& calibration) {
  std::vector<int> unusable;
  for (auto& [qubit, readout] : calibration.qubits) {
    const double sum = readout.error.p1_given_0 + readout.error.p0_given_1;
    const auto inverse = sum < 1.0 ? inverted(single_assignment(readout.error), 2) : std::nullopt;
    if (inverse && amplification(*inverse, 2) < most_amplification) continue;
    readout = {};
    unusable.push_back(qubit);
  }
  std::erase_if(calibration.pairs, [&](const auto& entry) {
    const auto& [pair, readout] = entry;
    const auto inverse = inverted(readout.assignment, 4);
    return std::binary_search(unusable.begin(), unusable.end(), pair.first) ||
           std::binary_search(unusable.begin(), unusable.end(), pair.second) || !inverse ||
           !(amplification(*inverse, 4) < most_amplification);
  });
  return unusable;
}

double correlation(const ReadoutCalibration& calibration, std::pair<int, int> pair) {
  const Matrix4& together = calibration.pairs.at(pair).assignment;
  const Matrix4 first = single_assignment(readout_of(calibration, pair.first).error);
  const Matrix4 second = single_assignment(readout_of(calibration, pair.second).error);
  double largest = 0.0;
  for (std::size_t read = 0; read < 4; ++read)
    for (std::size_t prepared = 0; prepared < 4; ++prepared)
      largest = std::max(largest, std::abs(together[read][prepared] -
                                           first[read & 1][prepared & 1] * second[read >> 1][prepared >> 1]));
  return largest;
}

/// What one group contributes to a Z-string: value[read] for the pattern it was read as.
struct ReadoutInverse::Factor {
  std::size_t group;
  std::array<double, 4> value;
};

/// A Z-string with readout errors undone: weight * product over its groups.
struct ReadoutInverse::Product {
  double weight;
  std::vector<Factor> factors;
};

ReadoutInverse::Group ReadoutInverse::single(const ReadoutCalibration& calibration,
                                             std::span<const int> measured, int bit) const {
  const int qubit = measured[static_cast<std::size_t>(bit)];
  const QubitReadout& known = readout_of(calibration, qubit);
  Group group{{bit}, 2, single_assignment(known.error), {}, {known.shots[0], known.shots[1], 0, 0}};
  group.inverse = checked_inverse(group.assignment, 2, "qubit " + std::to_string(qubit));
  return group;
}

ReadoutInverse::ReadoutInverse(const ReadoutCalibration& calibration, std::span<const int> measured)
    : place_(measured.size(), {-1, 0}) {
  for (int qubit : measured) readout_of(calibration, qubit);
  const auto add = [&](Group group) {
    for (std::size_t i = 0; i < group.bits.size(); ++i)
      place_[static_cast<std::size_t>(group.bits[i])] = {static_cast<int>(groups_.size()),
                                                         static_cast<int>(i)};
    groups_.push_back(std::move(group));
  };
  for (const auto& [first, second] : matched_bits(calibration, measured)) {
    const std::pair<int, int> qubits{measured[static_cast<std::size_t>(first)],
                                     measured[static_cast<std::size_t>(second)]};
    const PairReadout& known = calibration.pairs.at(qubits);
    Group group{{first, second}, 4, known.assignment, {}, known.shots};
    group.inverse =
        checked_inverse(group.assignment, 4,
                        "qubits " + std::to_string(qubits.first) + " and " + std::to_string(qubits.second));
    add(std::move(group));
  }
  for (std::size_t bit = 0; bit < measured.size(); ++bit)
    if (place_[bit].first < 0) add(single(calibration, measured, static_cast<int>(bit)));
}

std::vector<std::vector<int>> ReadoutInverse::groups() const {
  std::vector<std::vector<int>> bits;
  for (const Group& group : groups_) bits.push_back(group.bits);
  return bits;
}

ReadoutInverse::Product ReadoutInverse::product(const BitTerm& term) const {
  std::map<std::size_t, unsigned> masks;  // of each group, its bits in the string
  for (int bit : term.bits) {
    const auto [group, place] = place_.at(static_cast<std::size_t>(bit));
    masks[static_cast<std::size_t>(group)] |= 1u << place;
  }
  Product product{term.weight, {}};
  for (const auto& [number, mask] : masks) {
    const Group& group = groups_[number];
    Factor factor{number, {}};
    for (std::size_t read = 0; read < group.patterns; ++read)
      for (std::size_t prepared = 0; prepared < group.patterns; ++prepared) {
        const bool odd = std::popcount(static_cast<unsigned>(prepared) & mask) % 2 != 0;
        factor.value[read] += (odd ? -1.0 : 1.0) * group.inverse[prepared][read];
      }
    product.factors.push_back(factor);
  }
  return product;
}

namespace {

std::size_t pattern_of(const std::string& read, const std::vector<int>& bits) {
  std::size_t pattern = 0;
  for (std::size_t i = 0; i < bits.size(); ++i) pattern |= std::size_t{bit_of(read, bits[i])} << i;
  return pattern;
}

}  // namespace

double ReadoutInverse::calibration_variance(const std::vector<Matrix>& slopes) const {
  double variance = 0.0;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const Group& group = groups_[g];
    for (std::size_t prepared = 0; prepared < group.patterns; ++prepared) {
      if (group.shots[prepared] == 0) continue;
      const double shots = static_cast<double>(group.shots[prepared]);
      double mean = 0.0, square = 0.0;
      for (std::size_t read = 0; read < group.patterns; ++read) {
        // Half a shot more of each pattern: what was never seen is not certain never to happen.
        const double share = (shots * group.assignment[read][prepared] + 0.5) /
                             (shots + 0.5 * static_cast<double>(group.patterns));
        mean += share * slopes[g][read][prepared];
        square += share * slopes[g][read][prepared] * slopes[g][read][prepared];
      }
      variance += (square - mean * mean) / shots;
    }
  }
  return variance;
}

std::vector<ReadoutInverse::Product> ReadoutInverse::products(std::span<const BitTerm> terms) const {
  std::vector<Product> products;
  for (const BitTerm& term : terms) products.push_back(product(term));
  return products;
}

double ReadoutInverse::factor_value(const Factor& factor, const std::string& read) const {
  return factor.value[pattern_of(read, groups_[factor.group].bits)];
}

Estimate ReadoutInverse::expectation(const Counts& counts, std::span<const BitTerm> terms) const {
  require_bits(counts, place_.size(), "readout mitigation");
  const std::vector<Product> products = this->products(terms);
  Estimate estimate = mean_over_shots(counts, [&](const std::string& read) {
    double sum = 0.0;
    for (const Product& product : products) {
      double value = product.weight;
      for (const Factor& factor : product.factors) value *= factor_value(factor, read);
      sum += value;
    }
    return sum;
  });
  estimate.variance += calibration_variance(counts, terms);
  return estimate;
}

double ReadoutInverse::calibration_variance(const Counts& counts, std::span<const BitTerm> terms) const {
  // Of a factor h = w A^-1 the derivative by A[read][prepared] is -h[read] A^-1[prepared][.].
  const double shots = static_cast<double>(total_shots(counts));
  std::vector<Matrix> slopes(groups_.size());
  for (const Product& product : products(terms))
    for (const Factor& factor : product.factors) {
      const Group& group = groups_[factor.group];
      std::array<double, 4> mean{};  // of A^-1[prepared][what was read] times the other factors
      for (const auto& [read, count] : counts) {
        double others = product.weight * static_cast<double>(count) / shots;
        for (const Factor& other : product.factors)
          if (other.group != factor.group) others *= factor_value(other, read);
        const std::size_t pattern = pattern_of(read, group.bits);
        for (std::size_t prepared = 0; prepared < group.patterns; ++prepared)
          mean[prepared] += others * group.inverse[prepared][pattern];
      }
      for (std::size_t read = 0; read < group.patterns; ++read)
        for (std::size_t prepared = 0; prepared < group.patterns; ++prepared)
          slopes[factor.group][read][prepared] -= factor.value[read] * mean[prepared];
    }
  return calibration_variance(slopes);
}

}  // namespace qmtl
