// SPDX-License-Identifier: Apache-2.0
// Reading rows of counts, and joining programs that were drawn at random.
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "hardware/replay/measured_values.h"
#include "runtime/base/error.h"
#include "runtime/base/philox.h"

using namespace qmtl;

namespace {

ReadoutCalibration calibration_of(int qubits) {
  ReadoutCalibration calibration;
  for (int q = 0; q < qubits; ++q) calibration.qubits[q] = {{0.02 + 0.01 * q, 0.08 - 0.01 * q}, {4000, 4000}};
  return calibration;
}

std::string bits_of(unsigned number, int width) {
  std::string text;
  for (int bit = width; bit-- > 0;) text += number >> bit & 1 ? '1' : '0';
  return text;
}

/// P(read | prepared), from the definition.
double assignment(const ReadoutCalibration& calibration, const std::string& read, const std::string& prepared,
                  const std::vector<int>& bits) {
  double product = 1;
  for (int bit : bits) {
    const ReadoutError& error = calibration.qubits.at(bit).error;
    const bool r = read[read.size() - 1 - static_cast<std::size_t>(bit)] == '1',
               p = prepared[prepared.size() - 1 - static_cast<std::size_t>(bit)] == '1';
    product *=
        p ? (r ? 1 - error.p0_given_1 : error.p0_given_1) : (r ? error.p1_given_0 : 1 - error.p1_given_0);
  }
  return product;
}

double mean_over(const RowReading& reading, const Counts& row, std::size_t outputs, std::size_t o) {
  double sum = 0, shots = 0;
  std::size_t k = 0;
  for (const auto& [bits, count] : row) {
    sum += static_cast<double>(count) * reading.of_outcome[k++ * outputs + o];
    shots += static_cast<double>(count);
  }
  return sum / shots;
}

const std::vector<int> qubits{0, 1, 2, 3};
const std::vector<ReadOutput> outputs{{0, {{{0}, 1.0}}}, {1, {{{0, 2}, 0.5}, {{3}, -0.25}}}};

}  // namespace

TEST_CASE("M3 on all bitstrings is the inverse", "[m3]") {
  const ReadoutCalibration calibration = calibration_of(4);
  Counts row;
  for (unsigned i = 0; i < 16; ++i) row[bits_of(i, 4)] = 10 + 7 * (i * 5 % 11);
  const RowReading m3 = m3_reader(outputs, calibration, qubits)(row),
                   inverse = inverse_reader(outputs, ReadoutInverse(calibration, qubits))(row);
  for (std::size_t i = 0; i < m3.of_outcome.size(); ++i)
    CHECK(m3.of_outcome[i] == Approx(inverse.of_outcome[i]).margin(1e-12));  // a 16 x 16 system
  CHECK(m3.variance == inverse.variance);
  const ReadoutInverse whole(calibration, qubits);
  for (std::size_t o = 0; o < outputs.size(); ++o)
    CHECK(mean_over(inverse, row, 2, o) ==
          Approx(whole.expectation(row, outputs[o].terms).value).margin(1e-12));
}

TEST_CASE("M3 inverts the assignment between observed bitstrings, columns normalised", "[m3]") {
  const ReadoutCalibration calibration = calibration_of(4);
  const Counts row{{"0000", 60}, {"0001", 25}, {"0110", 15}};
  // Of the first output only bit 0 counts: both patterns are observed, and M3 is the inverse.
  const RowReading m3 = m3_reader(outputs, calibration, qubits)(row);
  const ReadoutInverse inverse(calibration, qubits);
  CHECK(mean_over(m3, row, 2, 0) == Approx(inverse.expectation(row, outputs[0].terms).value));
  // Of the second bits 0, 2 and 3: three of eight patterns, whose system is solved here by Cramer's rule.
  const std::vector<std::string> seen{"0000", "0001", "0110"};
  const std::vector<int> bits{0, 2, 3};
  double a[3][3], share[3] = {0.60, 0.25, 0.15};
  for (int j = 0; j < 3; ++j) {
    double sum = 0;
    for (int i = 0; i < 3; ++i)
      sum += a[i][j] =
          assignment(calibration, seen[static_cast<std::size_t>(i)], seen[static_cast<std::size_t>(j)], bits);
    for (int i = 0; i < 3; ++i) a[i][j] /= sum;
  }
  const auto determinant = [](const double m[3][3]) {
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
  };
  const double of_pattern[3] = {0.5 - 0.25, -0.5 - 0.25, -0.5 - 0.25};
  double want = 0;
  for (int j = 0; j < 3; ++j) {
    double replaced[3][3];
    for (int r = 0; r < 3; ++r)
      for (int c = 0; c < 3; ++c) replaced[r][c] = c == j ? share[r] : a[r][c];
    want += of_pattern[j] * determinant(replaced) / determinant(a);
  }
  CHECK(mean_over(m3, row, 2, 1) == Approx(want).margin(1e-12));
}

TEST_CASE("M3 of very many bitstrings is solved iteratively to the same", "[m3]") {
  // 1024 patterns of ten bits: above the direct limit. Errors of 1e-4 make what lies farther than three bits
  // smaller than 1e-13.
  ReadoutCalibration calibration;
  std::vector<int> ten(10);
  std::iota(ten.begin(), ten.end(), 0);
  for (int q : ten) calibration.qubits[q] = {{1e-4, 2e-4}, {}};
  ReadOutput parity{0, {{ten, 1.0}}};
  Counts row;
  for (unsigned i = 0; i < 1024; ++i) row[bits_of(i, 10)] = 1 + i % 5;
  const std::vector<ReadOutput> one{parity};
  const RowReading m3 = m3_reader(one, calibration, ten)(row);
  CHECK(mean_over(m3, row, 1, 0) ==
        Approx(ReadoutInverse(calibration, ten).expectation(row, parity.terms).value)
            .margin(1e-9));  // the solver's tolerance is 1e-10
}

TEST_CASE("Flipped readings are undone in their outputs", "[m3]") {
  const ReadoutCalibration calibration = calibration_of(4);
  const std::vector<bool> flipped{true, false, true, true};
  const auto undone = with_flips_undone(outputs, flipped);
  // Both bits of the product are turned, and the single one.
  CHECK(undone[0].terms[0].weight == -1.0);
  CHECK(undone[1].terms[0].weight == 0.5);
  CHECK(undone[1].terms[1].weight == 0.25);
}

namespace {

/// Programs of two strata whose outputs scatter by themselves, beyond their shots, at random number `trial`.
MeasuredValues drawn(std::uint64_t trial, std::size_t samples) {
  const RandomStream random(trial, Purpose::initial);
  MeasuredValues values(samples, 1, std::nullopt);
  const std::vector<ReadOutput> one{{0, {{{0}, 1.0}}}};
  for (int stratum = 0; stratum < 2; ++stratum)
    for (std::uint32_t c = 0; c < 12; ++c) {
      const double common = 0.2 * random.normal({0, static_cast<std::uint32_t>(stratum), 0, c});
      std::vector<Counts> counts;
      for (std::size_t i = 0; i < samples; ++i) {
        std::uint64_t zeros = 0;
        for (std::uint32_t shot = 0; shot < 25; ++shot)
          zeros += random.uniform({1, static_cast<std::uint32_t>(stratum), static_cast<std::uint32_t>(i),
                                   100 * c + shot}) < 0.5 + 0.5 * std::clamp(0.3 + common, -1.0, 1.0);
        counts.push_back({{"0", zeros}, {"1", 25 - zeros}});
      }
      // Weights 1.5 and -0.5 together: 0.3 * (1.5 - 0.5).
      values.add(one, {0, stratum, 1.0, {(stratum == 0 ? 1.5 : -0.5) / 12}}, counts, plain_reader(one));
    }
  return values;
}

}  // namespace

TEST_CASE("Programs drawn at random show how uncertain their sum is", "[clusters]") {
  // Variance of a program's mean: 0.04 of the program and (1 - 0.3^2 - 0.04) / 25 of the shots; of the sum
  // (1.5^2 + 0.5^2) / 12 of that.
  const double one = 0.04 + (1 - 0.09 - 0.04) / 25, want = 2.5 / 12 * one;
  const std::vector<std::size_t> first{0}, both{0, 1};
  constexpr int trials = 400;
  double estimated = 0, found = 0, boot = 0, together = 0;
  for (int t = 0; t < trials; ++t) {
    const MeasuredValues values = drawn(static_cast<std::uint64_t>(t), 2);
    const auto estimates = values.estimates(both);
    estimated += estimates[0].variance / trials;
    found += std::pow(estimates[0].value - 0.3, 2) / trials;
    // What two samples have in common does not go away in their mean.
    double squares = 0, of_mean = 0;
    const double mean = (estimates[0].value + estimates[1].value) / 2;
    for (const auto& replicate : values.replicates(both, 5, 0, 60)) {
      squares += std::pow(replicate[0] - estimates[0].value, 2) / 60;
      of_mean += std::pow((replicate[0] + replicate[1]) / 2 - mean, 2) / 60;
    }
    boot += squares / trials;
    together += of_mean / trials;
  }
  // A variance from 400 numbers has a relative deviation of sqrt(2 / 400); from 400 times 24 programs (and 60
  // replicates) much less, so that five per cent are several deviations.
  CHECK(std::abs(found / want - 1) < 5 * std::sqrt(2.0 / trials));
  CHECK(std::abs(estimated / want - 1) < 0.05);
  CHECK(std::abs(boot / want - 1) < 0.05);
  const double shared = 2.5 / 12 * (0.04 + (1 - 0.09 - 0.04) / 50);
  CHECK(std::abs(together / shared - 1) < 0.05);
}
