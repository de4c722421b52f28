// SPDX-License-Identifier: Apache-2.0
#include <tbb/global_control.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/noise/noisy.h"
#include "tests/noise/cases.h"

using namespace qmtl;
using namespace qmtl::noise_test;

namespace {

// Seeds are fixed, so a test's outcome is too; the bounds hold for all but one seed in `rare`.
constexpr double rare = 1e-9;

/// Hoeffding: the mean of n independent numbers in [0, 1] is further from its expectation with a probability
/// of at most 2 exp(-2 n bound^2).
double mean_bound(double n) { return std::sqrt(std::log(2 / rare) / (2 * n)); }

/// Total variation between the frequencies of n shots and their distribution over k outcomes. Its expectation
/// is at most sqrt(k / n) / 2 (Cauchy-Schwarz), and one shot changes it by at most 1 / n (McDiarmid).
double variation_bound(double n, double k) {
  return std::sqrt(k / n) / 2 + std::sqrt(std::log(1 / rare) / (2 * n));
}

/// A quantile of the chi-square distribution that is exceeded with a probability of at most `rare`: k + 2
/// sqrt(k x) + 2 x with x = ln(1 / rare) (Laurent and Massart 2000).
double chi_square_bound(double k) {
  const double x = std::log(1 / rare);
  return k + 2 * std::sqrt(k * x) + 2 * x;
}

std::size_t number_of(const std::string& bits) { return std::stoul(bits, nullptr, 2); }

double total_variation(const Counts& counts, const std::vector<double>& p, double shots) {
  std::vector<double> frequency(p.size(), 0.0);
  for (const auto& [bits, count] : counts) frequency[number_of(bits)] = static_cast<double>(count) / shots;
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += std::abs(frequency[i] - p[i]);
  return sum / 2;
}

std::vector<double> exact(const Case& made, const NoiseModel& model, std::size_t block) {
  NoisyOptions options;
  options.method = NoisyMethod::density;
  options.joint = true;
  NoisySimulator simulator(made.circuit, model, options);
  simulator.bind(made.params);
  const std::vector<std::uint32_t> keys{0};
  return simulator.probabilities(keys, made.angles)[block];
}

}  // namespace

TEST_CASE("Trajectories and shots have the density matrix's distribution for every channel") {
  std::mt19937 random(17);
  int number = 0;
  for (const std::vector<Rule>& rules : channel_cases()) {
    const Case made = random_case(random, 4, 16, 3);
    NoiseModel model = make_model(rules);
    model.readout = {0.03, 0.08};
    CAPTURE(number++, describe(rules.front().physical));
    NoisyOptions options;
    options.method = NoisyMethod::trajectories;
    options.trajectories = 10000;
    options.joint = true;
    NoisySimulator mean(made.circuit, model, options);
    mean.bind(made.params);
    const std::vector<std::uint32_t> keys{0};
    const auto found = mean.probabilities(keys, made.angles);
    options.shots = 10000;
    const auto shots = noisy_counts(made.circuit, made.params, 1, made.angles, model, options);
    const std::vector<double> ideal = exact(made, {}, 0);
    for (std::size_t b = 0; b < 2; ++b) {
      const std::vector<double> p = exact(made, model, b);
      for (std::size_t i = 0; i < p.size(); ++i) {
        CAPTURE(b, i);
        CHECK(std::abs(found[b][i] - p[i]) < mean_bound(10000));
      }
      CHECK(total_variation(shots[b], p, 10000) < variation_bound(10000, 8));
      // The noise is strong enough for these bounds to see it.
      if (b == 0) CHECK(total_variation(shots[b], ideal, 10000) > variation_bound(10000, 8));
    }
  }
}

TEST_CASE("Shots drawn from the density matrix pass a chi-square test") {
  std::mt19937 random(23);
  const Case made = random_case(random, 5, 20, 3);
  NoiseModel model = make_model(channel_cases()[2]);
  model.readout = {0.05, 0.1};
  NoisyOptions options;
  options.method = NoisyMethod::density;
  options.shots = 200000;
  const auto counts = noisy_counts(made.circuit, made.params, 1, made.angles, model, options);
  for (std::size_t b = 0; b < 2; ++b) {
    const std::vector<double> p = exact(made, model, b);
    double sum = 0, total = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      std::string bits;
      for (int q = 2; q >= 0; --q) bits += (i >> q & 1) ? '1' : '0';
      const double found = counts[b].contains(bits) ? static_cast<double>(counts[b].at(bits)) : 0.0;
      const double expected = p[i] * 200000;
      REQUIRE(expected > 5);
      sum += (found - expected) * (found - expected) / expected;
      total += found;
    }
    CAPTURE(b);
    CHECK(total == 200000);
    CHECK(sum < chi_square_bound(7));
  }
}

TEST_CASE("Values from shots are the means of the counted bitstrings") {
  std::mt19937 random(29);
  const Case made = random_case(random, 5, 20, 3);
  const NoiseModel model = make_model(channel_cases()[0]);
  for (NoisyMethod method : {NoisyMethod::density, NoisyMethod::trajectories}) {
    NoisyOptions options;
    options.method = method;
    options.shots = 700;
    options.seed = 4;
    const auto counts = noisy_counts(made.circuit, made.params, 1, made.angles, model, options);
    const auto values = noisy_values(made.circuit, made.params, 1, made.angles, model, options);
    std::size_t output = 0;
    for (std::size_t b = 0; b < 2; ++b)
      for (const Readout& readout : made.circuit.blocks[b].outputs) {
        std::vector<double> frequency(8, 0.0);
        for (const auto& [bits, count] : counts[b])
          frequency[number_of(bits)] = static_cast<double>(count) / 700;
        CAPTURE(name(method), output);
        // The same sum in another order.
        CHECK(values[output++] ==
              Approx(expected_value(made.circuit.blocks[b], readout, frequency)).margin(1e-12));
      }
  }
}

TEST_CASE("Results are the same bits for any number of threads, order and grouping of the samples") {
  std::mt19937 random(31);
  const Case made = random_case(random, 5, 24, 3);
  const NoiseModel model = make_model(channel_cases()[12]);
  std::vector<double> angles;
  for (int s = 0; s < 3; ++s)
    for (double a : made.angles) angles.push_back(a + 0.1 * s);
  const std::size_t width = made.angles.size();
  for (NoisyMethod method : {NoisyMethod::density, NoisyMethod::trajectories})
    for (std::int64_t shots : {0, 500}) {
      CAPTURE(name(method), shots);
      NoisyOptions options;
      options.method = method;
      options.shots = shots;
      options.trajectories = 500;
      options.seed = 9;
      NoisySimulator simulator(made.circuit, model, options);
      simulator.bind(made.params);
      const auto values = [&](std::vector<std::uint32_t> keys, std::vector<double> a, std::size_t threads) {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
        std::vector<double> v(keys.size() * 4);
        simulator.values(keys, a, v);
        return v;
      };
      const std::vector<double> all = values({0, 1, 2}, angles, 1);
      CHECK(values({0, 1, 2}, angles, 4) == all);
      std::vector<double> reversed;
      for (std::size_t s = 3; s-- > 0;)
        reversed.insert(reversed.end(), angles.begin() + static_cast<std::ptrdiff_t>(s * width),
                        angles.begin() + static_cast<std::ptrdiff_t>((s + 1) * width));
      const std::vector<double> backwards = values({2, 1, 0}, reversed, 2);
      for (std::size_t s = 0; s < 3; ++s)
        for (std::size_t o = 0; o < 4; ++o) CHECK(backwards[(2 - s) * 4 + o] == all[s * 4 + o]);
      const std::vector<double> last(angles.end() - static_cast<std::ptrdiff_t>(width), angles.end());
      const std::vector<double> alone = values({2}, last, 2);
      CHECK(alone == std::vector<double>(all.begin() + 8, all.end()));
      if (method == NoisyMethod::trajectories || shots > 0) {
        options.seed = 10;
        NoisySimulator other(made.circuit, model, options);
        other.bind(made.params);
        std::vector<double> v(12);
        other.values(std::vector<std::uint32_t>{0, 1, 2}, angles, v);
        CHECK(v != all);
      }
    }
}

TEST_CASE("A circuit of 200 qubits is measured as a whole by shots") {
  AnsatzSpec spec;
  spec.qubits = 200;
  spec.layers = 2;
  Circuit circuit = build(spec);
  Block all;
  for (int q = 0; q < 200; ++q) all.qubits.push_back(q);
  circuit.blocks = {all};
  const std::vector<double> params(static_cast<std::size_t>(circuit.params), 0.0), angles(200, 2 * half_pi);
  NoiseModel model;
  model.readout_of = {{3, {0.0, 1.0}}};
  NoisyOptions options;
  options.shots = 20;
  // RY(pi) turns every qubit to 1, cz then changes signs only; qubit 3 always misreads its 1.
  std::string expected(200, '1');
  expected[199 - 3] = '0';
  CHECK(noisy_counts(circuit, params, 1, angles, model, options) == std::vector<Counts>{{{expected, 20}}});
}
