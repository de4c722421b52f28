// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "hardware/executor.h"
#include "hardware/mitigation/calibration_text.h"
#include "hardware/mitigation/readout.h"
#include "runtime/base/error.h"
#include "tests/hardware/random_program.h"

using namespace qmtl;

namespace {

Counts run(const Executor& executor, const DeviceProgram& program, std::int64_t shots, std::uint64_t key) {
  return executor.run({program, 1, {}}, shots, key)[0];
}

/// <string> from probabilities[bits].
double exact_value(const std::vector<double>& probabilities, std::span<const BitTerm> terms) {
  double sum = 0.0;
  for (std::size_t bits = 0; bits < probabilities.size(); ++bits)
    for (const BitTerm& term : terms) {
      double sign = term.weight;
      for (int bit : term.bits) sign = (bits >> bit & 1) != 0 ? -sign : sign;
      sum += sign * probabilities[bits];
    }
  return sum;
}

/// Readout errors of 1 .. 8 %, each qubit its own.
NoiseModel readout_noise(int qubits) {
  NoiseModel noise;
  for (int q = 0; q < qubits; ++q) noise.readout_of[q] = {0.01 + 0.01 * (q % 5), 0.08 - 0.01 * (q % 4)};
  return noise;
}

ReadoutCalibration calibrate(const Executor& executor, std::span<const int> qubits,
                             std::span<const std::pair<int, int>> pairs, std::int64_t shots,
                             std::uint64_t key) {
  const std::vector<CalibrationProgram> programs = calibration_programs(qubits, pairs, {});
  std::vector<Counts> counts;
  for (const CalibrationProgram& program : programs)
    counts.push_back(run(executor, program.program, shots, key + counts.size()));
  return estimate_readout(programs, counts, pairs);
}

/// Counts in proportion to probabilities, nearly without sampling noise.
Counts expected_counts(const std::vector<double>& probabilities, double shots) {
  Counts counts;
  for (std::size_t bits = 0; bits < probabilities.size(); ++bits) {
    std::string read;
    for (std::size_t c = 0; std::size_t{1} << c < probabilities.size(); ++c)
      read.insert(read.begin(), (bits >> c & 1) != 0 ? '1' : '0');
    if (const auto count = std::llround(shots * probabilities[bits]); count > 0)
      counts[read] = static_cast<std::uint64_t>(count);
  }
  return counts;
}

/// Two qubits whose readings err together: with probability p both are inverted, besides 2 % of their own.
std::vector<double> read_together(const std::vector<double>& truth, double p) {
  std::vector<double> read(4, 0.0);
  for (std::size_t t = 0; t < 4; ++t)
    for (std::size_t flip = 0; flip < 4; ++flip) {
      const double own = (flip & 1 ? 0.02 : 0.98) * (flip & 2 ? 0.02 : 0.98);
      read[t ^ flip] += truth[t] * own * (1.0 - p);
      read[t ^ flip ^ 3] += truth[t] * own * p;
    }
  return read;
}

const std::vector<std::vector<BitTerm>>& observables() {
  static const std::vector<std::vector<BitTerm>> all{
      {{{0}, 1.0}},
      {{{1, 2}, 1.0}},
      {{{0, 1, 2, 3}, 1.0}},
      {{{0}, 0.25}, {{1}, 0.25}, {{2}, 0.25}, {{3}, 0.25}},
      {{{0, 3}, 0.7}, {{}, 0.2}, {{2}, -1.5}},
  };
  return all;
}

}  // namespace

TEST_CASE("Inverted readings give back the exact expectation within their own variance", "[mitigation]") {
  const std::vector<int> qubits{0, 1, 2, 3};
  const Executor noisy(readout_noise(4), 11), exact({}, 1);
  int clear = 0;
  for (unsigned seed = 0; seed < 6; ++seed) {
    const DeviceProgram program = random_program(seed, 4, 12);
    const std::vector<double> truth = exact.probabilities({program, 1, {}})[0];
    const Counts counts = run(noisy, program, 20000, seed);
    for (bool pairs : {false, true}) {
      const std::vector<std::pair<int, int>> pair_list{{0, 1}, {1, 2}, {2, 3}};
      const ReadoutCalibration calibration =
          calibrate(noisy, qubits, pairs ? std::span(pair_list) : std::span<std::pair<int, int>>(), 50000,
                    100 + 10 * seed);
      const ReadoutInverse inverse(calibration, qubits);
      for (const std::vector<BitTerm>& terms : observables()) {
        const double value = exact_value(truth, terms);
        const Estimate mitigated = inverse.expectation(counts, terms);
        const Estimate plain = expectation(counts, terms);
        INFO("program " << seed << ", pairs " << pairs << ", terms " << terms.size() << ": exact " << value
                        << ", plain " << plain.value << ", mitigated " << mitigated.value << " +- "
                        << std::sqrt(mitigated.variance));
        // 60 comparisons: five standard deviations are passed by chance once in 30000 such tests.
        CHECK(std::abs(mitigated.value - value) < 5.0 * std::sqrt(mitigated.variance));
        // Where the loss is clearly more than the noise of sampling, at least half comes back.
        const double loss = std::abs(plain.value - value);
        if (loss < 10.0 * std::sqrt(mitigated.variance)) continue;
        ++clear;
        CHECK(std::abs(mitigated.value - value) < 0.5 * loss);
      }
    }
  }
  CHECK(clear > 10);
}

TEST_CASE("The variance of a mitigated expectation is what repetitions show", "[mitigation]") {
  const std::vector<int> qubits{0, 1, 2, 3};
  const DeviceProgram program = random_program(3, 4, 12);
  const std::vector<double> truth = Executor({}, 1).probabilities({program, 1, {}})[0];
  const std::vector<BitTerm> terms{{{0, 1}, 0.5}, {{2}, 1.0}};
  const double value = exact_value(truth, terms);
  double squares = 0.0;
  const int repetitions = 300;
  for (int i = 0; i < repetitions; ++i) {
    const Executor noisy(readout_noise(4), static_cast<std::uint64_t>(1000 + i));
    // Few calibration shots, so that their part of the variance is as large as the other.
    const ReadoutInverse inverse(calibrate(noisy, qubits, {}, 400, 7), qubits);
    const Estimate estimate = inverse.expectation(run(noisy, program, 400, 1), terms);
    squares += (estimate.value - value) * (estimate.value - value) / estimate.variance;
  }
  // The mean of 300 squares of standard normals has the deviation sqrt(2 / 300) = 0.08; 4 of them.
  CHECK(squares / repetitions > 0.67);
  CHECK(squares / repetitions < 1.33);
}

TEST_CASE("Errors that two qubits share need their common calibration", "[mitigation]") {
  const double shots = 1e9, together = 0.06;
  const std::vector<int> qubits{4, 7};
  const std::vector<std::pair<int, int>> pair{{4, 7}};
  const std::vector<CalibrationProgram> programs = calibration_programs(qubits, pair, {});
  REQUIRE(programs.size() == 4);
  std::vector<Counts> counts;
  for (const CalibrationProgram& program : programs) {
    std::vector<double> prepared(4, 0.0);
    prepared[(program.prepared[0] ? 1u : 0u) + (program.prepared[1] ? 2u : 0u)] = 1.0;
    counts.push_back(expected_counts(read_together(prepared, together), shots));
  }
  const ReadoutCalibration calibration = estimate_readout(programs, counts, pair);
  CHECK(correlation(calibration, pair[0]) > 0.04);
  ReadoutCalibration each = calibration;
  each.pairs.clear();

  const std::vector<double> truth{0.55, 0.05, 0.1, 0.3};
  const Counts read = expected_counts(read_together(truth, together), shots);
  const std::vector<BitTerm> terms{{{0, 1}, 1.0}};
  const double value = exact_value(truth, terms);
  // Counts are rounded to 1 in 1e9.
  CHECK(ReadoutInverse(calibration, qubits).expectation(read, terms).value == Approx(value).margin(1e-7));
  // An error of both leaves Z Z as it is, which two separate inverses do not know: their product divides by
  // (1 - 2 p)^2 too much.
  CHECK(std::abs(ReadoutInverse(each, qubits).expectation(read, terms).value - value) > 0.1);
  // The order of the readings does not matter.
  const std::vector<int> swapped{7, 4};
  Counts mirrored;
  for (const auto& [bits, count] : read) mirrored[std::string(bits.rbegin(), bits.rend())] = count;
  const std::vector<BitTerm> one{{{0}, 1.0}}, other{{{1}, 1.0}};
  CHECK(ReadoutInverse(calibration, swapped).expectation(mirrored, other).value ==
        Approx(ReadoutInverse(calibration, qubits).expectation(read, one).value).margin(1e-12));
}

TEST_CASE("Readings are grouped in the most correlated pairs, none sharing a qubit", "[mitigation]") {
  ReadoutCalibration calibration = known_readout(readout_noise(4), std::vector<int>{0, 1, 2, 3});
  for (const auto& [pair, strength] : {std::pair{std::pair{0, 1}, 0.01}, {{1, 2}, 0.05}, {{2, 3}, 0.02}}) {
    PairReadout& readout = calibration.pairs[pair];
    for (std::size_t prepared = 0; prepared < 4; ++prepared) {
      std::vector<double> truth(4, 0.0);
      truth[prepared] = 1.0;
      for (std::size_t read = 0; read < 4; ++read)
        readout.assignment[read][prepared] = read_together(truth, strength)[read];
    }
  }
  calibration.qubits[1] = calibration.qubits[2] = calibration.qubits[0] =
      calibration.qubits[3] = {{0.02, 0.02}, {}};
  const ReadoutInverse inverse(calibration, std::vector<int>{3, 2, 1, 0});
  CHECK(inverse.groups() == std::vector<std::vector<int>>{{2, 1}, {0}, {3}});
}

TEST_CASE("Calibration programs prepare every pattern of every pair equally often", "[mitigation]") {
  std::vector<int> ring;
  std::vector<std::pair<int, int>> pairs;
  for (int q = 0; q < 9; ++q) {
    ring.push_back(q);
    pairs.push_back({std::min(q, (q + 1) % 9), std::max(q, (q + 1) % 9)});
  }
  DeviceTarget target{"ring", 12, {DeviceGate::rz, DeviceGate::sx, DeviceGate::cz}, pairs};
  const std::vector<CalibrationProgram> programs = calibration_programs(ring, pairs, target);
  CHECK(programs.size() == 4);
  for (const auto& [first, second] : pairs) {
    std::array<int, 4> seen{};
    for (const CalibrationProgram& program : programs)
      ++seen[(program.prepared[static_cast<std::size_t>(first)] ? 1u : 0u) +
             (program.prepared[static_cast<std::size_t>(second)] ? 2u : 0u)];
    INFO("pair " << first << " " << second);
    CHECK(seen == std::array<int, 4>{1, 1, 1, 1});
  }
  for (const CalibrationProgram& program : programs) {
    CHECK(program.program.physical);
    CHECK(program.program.qubits == 12);
    for (const DeviceOp& op : program.program.ops) CHECK(op.gate == DeviceGate::sx);  // there is no x
    const std::vector<double> read = Executor({}, 1).probabilities({program.program, 1, {}})[0];
    std::size_t expected = 0;
    for (std::size_t c = 0; c < 9; ++c) expected |= std::size_t{program.prepared[c]} << c;
    CHECK(read[expected] == Approx(1.0));
  }
  CHECK(calibration_programs(ring, {}, {}).size() == 2);
  target.basis = {DeviceGate::rz, DeviceGate::cz};
  CHECK_THROWS_AS(calibration_programs(ring, {}, target), Error);
  const std::vector<std::pair<int, int>> outside{{3, 20}};
  CHECK_THROWS_AS(calibration_programs(ring, outside, {}), Error);
}

TEST_CASE("Calibrations and counts that make no sense are refused with the qubit's number", "[mitigation]") {
  const std::vector<int> measured{3, 5};
  const auto message = [&](const ReadoutCalibration& calibration) {
    try {
      ReadoutInverse inverse(calibration, measured);
    } catch (const EndpointError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto with = [](double p10, double p01) {
    ReadoutCalibration calibration;
    calibration.qubits[3] = {{0.01, 0.02}, {}};
    calibration.qubits[5] = {{p10, p01}, {}};
    return calibration;
  };
  CHECK(message(with(0.02, 0.03)).empty());
  for (const auto& [p10, p01] :
       {std::pair{0.5, 0.5}, {0.7, 0.6}, {0.0, 1.0}, {0.496, 0.5}, {-0.1, 0.0}, {NAN, 0.1}})
    CHECK(message(with(p10, p01)).find("qubit 5") != std::string::npos);
  ReadoutCalibration missing = with(0.02, 0.03);
  missing.qubits.erase(3);
  CHECK(message(missing).find("qubit 3") != std::string::npos);
  ReadoutCalibration singular = with(0.02, 0.03);
  singular.pairs[{3, 5}].assignment = {{{0.25, 0.25, 0.25, 0.25},
                                        {0.25, 0.25, 0.25, 0.25},
                                        {0.25, 0.25, 0.25, 0.25},
                                        {0.25, 0.25, 0.25, 0.25}}};
  CHECK(message(singular).find("qubits 3 and 5") != std::string::npos);

  const ReadoutInverse inverse(with(0.02, 0.03), measured);
  const std::vector<BitTerm> terms{{{0, 1}, 1.0}};
  CHECK_THROWS_AS(inverse.expectation({}, terms), EndpointError);
  CHECK_THROWS_AS(inverse.expectation({{"1", 10}}, terms), EndpointError);
  CHECK_THROWS_AS(expectation({{"1", 10}}, terms), EndpointError);
  CHECK_THROWS_AS(expectation({{"10", 0}}, terms), EndpointError);
  // A single outcome is no reason to fail.
  CHECK(expectation({{"10", 1}}, terms).value == -1.0);
}

TEST_CASE("A calibration comes back from its text to the bit, and ages", "[mitigation]") {
  const std::vector<int> qubits{0, 1, 2, 3};
  const std::vector<std::pair<int, int>> pairs{{0, 1}, {2, 3}};
  const CalibrationRecord record{"http://there", "device", 1000,
                                 calibrate(Executor(readout_noise(4), 5), qubits, pairs, 777, 1)};
  const std::string text = calibration_text(record);
  CHECK(parse_calibration(text, "file") == record);
  CHECK(still_good(record, "http://there", "device", qubits, pairs, 1100, 100));
  CHECK_FALSE(still_good(record, "http://there", "device", qubits, pairs, 1101, 100));
  CHECK_FALSE(still_good(record, "http://there", "device", qubits, pairs, 999, 100));
  CHECK_FALSE(still_good(record, "http://there", "other", qubits, pairs, 1100, 100));
  CHECK_FALSE(still_good(record, "http://there", "device", std::vector<int>{4}, {}, 1100, 100));
  const std::vector<std::pair<int, int>> unknown{{1, 2}};
  CHECK_FALSE(still_good(record, "http://there", "device", qubits, unknown, 1100, 100));
  const auto damaged = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  for (const std::string& bad :
       {std::string("{"), std::string("[]"), damaged("\"format\": 1", "\"format\": 2"),
        damaged("\"p1_given_0\": 0", "\"p1_given_0\": 7"), damaged("\"shots\"", "\"shot\""),
        damaged("\"assignment\"", "\"assigment\"")}) {
    INFO(bad.substr(0, 60));
    CHECK_THROWS_WITH(parse_calibration(bad, "cache/file.json"), Catch::Contains("cache/file.json"));
  }
}

TEST_CASE("Qubits whose readings say nothing are set aside, all others stay corrected", "[readout]") {
  ReadoutCalibration calibration;
  calibration.qubits = {{0, {{0.02, 0.05}, {1000, 1000}}},
                        {1, {{0.97, 0.96}, {1000, 1000}}},  // reads the other bit
                        {2, {{0.5, 0.497}, {1000, 1000}}},  // would stretch errors a hundredfold
                        {3, {{0.5, 0.5}, {1000, 1000}}},    // a coin
                        {4, {{0.3, 0.4}, {1000, 1000}}}};
  CHECK_THROWS_AS(ReadoutInverse(calibration, std::vector{0, 1}), EndpointError);
  CHECK(set_aside_unusable(calibration) == std::vector{1, 2, 3});
  const ReadoutInverse inverse(calibration, std::vector{0, 1, 2, 3, 4});
  const Counts counts{{"00000", 700}, {"00010", 300}};
  const std::vector<BitTerm> of_one{{{1}, 1.0}}, of_zero{{{0}, 1.0}};
  CHECK(inverse.expectation(counts, of_one).value == Approx(0.4).epsilon(1e-12));
  // All shots read 0: (1 - p(1|0) - p(0|1)) z + p(0|1) - p(1|0) = 1.
  CHECK(inverse.expectation(counts, of_zero).value == Approx((1 - 0.03) / 0.93).epsilon(1e-12));
  CHECK(set_aside_unusable(calibration).empty());
}
