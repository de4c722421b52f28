// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "hardware/executor.h"
#include "hardware/head_outputs.h"
#include "hardware/replay/analysis.h"
#include "hardware/replay/programs.h"
#include "runtime/base/philox.h"
#include "runtime/engine/engine.h"

using namespace qmtl;

namespace {

/// Two overlapping registers of a line of four qubits, with strings, two outputs in a block and trained
/// weights.
Circuit circuit() {
  Circuit c;
  c.qubits = 4;
  c.angles = 4;
  c.params = 6;
  for (int q = 0; q < 4; ++q) c.shared.push_back({Gate::ry, q, -1, Source::angle, q});
  for (int q = 0; q < 3; ++q) c.shared.push_back({Gate::cz, q, q + 1});
  for (int q = 0; q < 4; ++q) c.shared.push_back({Gate::ry, q, -1, Source::param, q});
  c.blocks.push_back(
      {{0, 1}, {{Gate::ry, 0, -1, Source::param, 4}}, {{{{{0}, 0.5}, {{1}, 0.5}}}, {{{{0, 1}, 1.0, 5}}}}});
  c.blocks.push_back({{1, 2, 3},
                      {{Gate::cz, 1, 2}, {Gate::ry, 3, -1, Source::param, 0}},
                      {{{{{1, 3}, 1.0}, {{2}, -0.25}}}}});
  return c;
}

const std::vector<double> params{0.3, -0.7, 1.1, 0.2, 0.9, 1.7};

std::vector<double> angles_of(std::size_t samples) {
  const RandomStream random(9, Purpose::initial);
  std::vector<double> angles(samples * 4);
  for (std::size_t i = 0; i < angles.size(); ++i)
    angles[i] = 3 * random.uniform({0, 0, 0, static_cast<std::uint32_t>(i)});
  return angles;
}

/// Exact expectations by another way than programs and counts: the simulator of runtime/noise without noise.
std::vector<double> exact(std::size_t samples) {
  return noisy_values(circuit(), params, samples, angles_of(samples), {}, {});
}

/// Counts of an exact distribution: as if 2^40 shots had been taken.
Counts counts_of(const std::vector<double>& probabilities, std::size_t bits) {
  Counts counts;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    std::string text;
    for (std::size_t c = bits; c-- > 0;) text += i >> c & 1 ? '1' : '0';
    if (const auto n = static_cast<std::uint64_t>(std::ldexp(probabilities[i], 40))) counts[text] = n;
  }
  return counts;
}

}  // namespace

TEST_CASE("Expectations of exact counts are the circuit's for every way of cutting it", "[analysis]") {
  const std::size_t samples = 3;
  const std::vector<double> angles = angles_of(samples), want = exact(samples);
  for (HeadSplit split : {HeadSplit::wide, HeadSplit::cones, HeadSplit::packed})
    for (bool device : {false, true}) {
      INFO(name(split) << (device ? ", on a line of CZ, SX and RZ" : ""));
      const auto parts = split_head(circuit(), params, split, {}, split == HeadSplit::packed ? 8 : 0);
      DeviceTarget target;
      if (device) {
        target.qubits = 8;
        target.basis = {DeviceGate::cz, DeviceGate::rz, DeviceGate::sx, DeviceGate::x};
        for (int q = 0; q < 7; ++q) target.coupling.emplace_back(q, q + 1);
      }
      const std::vector<std::int64_t> shots(parts.size(), 10);
      const auto programs =
          make_replay_programs(circuit(), params, parts, shots, samples, angles, target, {{}, 50, 60});
      CHECK(programs.all[0].phase == ReplayPhase::probe);
      MeasuredValues measured(samples, circuit().outputs(), std::nullopt);
      const Executor executor({}, 0);
      for (const ReplayProgram& program : programs.all) {
        if (program.phase != ReplayPhase::work) continue;
        std::vector<Counts> counts;
        for (const auto& p : executor.probabilities(program.sweep))
          counts.push_back(counts_of(p, program.sweep.program.measured.size()));
        measured.add(read_outputs(circuit(), params, parts[static_cast<std::size_t>(program.part)]), 1.0,
                     counts);
      }
      std::vector<std::size_t> all(samples);
      std::iota(all.begin(), all.end(), std::size_t{0});
      const std::vector<double> values = measured.values(all);
      // Rounding down to 2^-40 of up to 2^8 outcomes, times weights of up to 2.5.
      for (std::size_t i = 0; i < want.size(); ++i) CHECK(std::abs(values[i] - want[i]) < 1e-9);
    }
}

TEST_CASE("The variance of one shot is that of the exact distribution", "[analysis]") {
  // Of a single Z it is 1 - <Z>^2; the second output is a weighted string: w^2 (1 - <ZZ>^2).
  const std::vector<double> values = exact(1),
                            variances = output_variances(circuit(), params, 1, angles_of(1));
  REQUIRE(variances.size() == 3);
  const double weight = params[5], string = values[1] / weight;
  CHECK(variances[1] == Approx(weight * weight * (1 - string * string)).margin(1e-9));
}

TEST_CASE("Folding amplifies a depolarised value and extrapolation takes it back", "[analysis]") {
  // Counts made by hand: <Z> = 0.8 * 0.9^factor, so that the exponential through them is exact.
  const auto biased = [](double value) {
    const auto zeros = static_cast<std::uint64_t>(std::llround((1 + value) / 2 * 1e12));
    return Counts{{"0", zeros}, {"1", 1'000'000'000'000 - zeros}};
  };
  MeasuredValues measured(1, 1, ExtrapolationKind::exponential);
  const std::vector<ReadOutput> outputs{{0, {{{0}, 1.0}}}};
  for (double factor : {1.0, 3.0, 5.0})
    measured.add(outputs, factor, std::vector<Counts>{biased(0.8 * std::pow(0.9, factor))});
  const std::vector<std::size_t> all{0};
  CHECK(measured.values(all)[0] == Approx(0.8).margin(1e-6));
}

namespace {

/// One binary task whose logit is the value of one qubit, and its device.
struct Judged {
  std::size_t samples;
  Dataset data;
  ModelSpec spec;
  std::vector<double> truth;  ///< <Z> of each sample

  Judged(std::size_t n, const std::string& metric, std::uint64_t seed) : samples(n) {
    const RandomStream random(seed, Purpose::initial);
    Task task{"t", TaskKind::binary, 2, metric, 1, {}};
    for (std::size_t i = 0; i < n; ++i) {
      const auto at = static_cast<std::uint32_t>(i);
      const bool label = random.uniform({0, 0, 0, at}) < 0.5;
      task.labels.push_back(label);
      // Values near the threshold are where shot noise counts.
      truth.push_back(std::clamp((label ? 0.25 : -0.25) + 0.3 * random.normal({1, 0, 0, at}), -0.99, 0.99));
    }
    data.samples = n;
    data.tasks = {task};
    TaskSpec described;
    described.name = "t";
    described.kind = "binary";
    described.outputs = 1;
    described.metric = metric;
    spec.tasks = {described};
  }

  std::vector<std::size_t> all() const {
    std::vector<std::size_t> rows(samples);
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    return rows;
  }
  static std::vector<float> logits(std::span<const double> values) { return {values.begin(), values.end()}; }

  double exact() const {
    const std::vector<double> scores = evaluate_exact();
    return scores[0];
  }
  std::vector<double> evaluate_exact() const {
    MeasuredValues values(samples, 1, std::nullopt);
    std::vector<Counts> counts;
    for (double z : truth) {
      const auto zeros = static_cast<std::uint64_t>(std::llround((1 + z) / 2 * 1e12));
      counts.push_back({{"0", zeros}, {"1", 1'000'000'000'000 - zeros}});
    }
    values.add({{0, {{{0}, 1.0}}}}, 1.0, counts);
    return {score_measured(values, {data, spec, all(), all(), logits, 0, 0}).tasks[0].value};
  }

  ReplayScores measured(std::size_t shots, std::uint64_t seed, std::size_t replicates) const {
    const RandomStream random(seed, Purpose::shot_noise);
    std::vector<Counts> counts(samples);
    for (std::size_t i = 0; i < samples; ++i)
      for (std::size_t s = 0; s < shots; ++s)
        ++counts[i][random.uniform({0, 0, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(s)}) <
                            (1 + truth[i]) / 2
                        ? "0"
                        : "1"];
    MeasuredValues values(samples, 1, std::nullopt);
    values.add({{0, {{{0}, 1.0}}}}, 1.0, counts);
    return score_measured(values, {data, spec, all(), all(), logits, replicates, seed});
  }
};

}  // namespace

TEST_CASE("Too few shots to tell how they vary give a score without an interval", "[analysis]") {
  const Judged judged(50, "accuracy", 5);
  for (const std::size_t shots : {1, 2, 19, 20}) {
    INFO(shots << " shots");
    const ReplayScores scores = judged.measured(shots, 1, 200);
    for (const ScoreInterval& interval : {scores.tasks[0], scores.mean}) {
      CHECK(std::isfinite(interval.value));
      CHECK(std::isfinite(interval.low) == (shots >= fewest_bootstrap_shots));
      CHECK(std::isfinite(interval.high) == (shots >= fewest_bootstrap_shots));
    }
  }
}

TEST_CASE("The interval of 95 % holds the exact score in at least about 95 of 100 replays", "[analysis]") {
  struct Case {
    const char* metric;
    std::size_t samples, shots;
  };
  const Case cases[] = {{"accuracy", 200, 100}, {"auc", 200, 100}, {"log_loss", 200, 100}, {"auc", 100, 400}};
  for (const auto& [metric, samples, shots] : cases) {
    const Judged judged(samples, metric, 5);
    const double exact = judged.exact();
    constexpr int replays = 100;
    int held = 0;
    for (int r = 0; r < replays; ++r) {
      const ScoreInterval interval = judged.measured(shots, static_cast<std::uint64_t>(r), 200).tasks[0];
      CHECK(interval.low <= interval.high);
      held += interval.low <= exact && exact <= interval.high;
    }
    INFO(metric << " of " << samples << " samples, " << shots << " shots: " << held << " held");
    // If 95 % are held, fewer than 86 of 100 have a probability of 1e-4 (binomial). The bootstrap is
    // asymptotic and its quantiles come from 200 replicates, which costs about a percent or two.
    CHECK(held >= 86);
  }
}

TEST_CASE("Shot noise lowers a score, and the interval reaches above what was measured", "[analysis]") {
  const Judged judged(300, "auc", 8);
  const double exact = judged.exact();
  int below = 0, held = 0;
  for (std::uint64_t r = 0; r < 20; ++r) {
    const ScoreInterval interval = judged.measured(30, r, 200).tasks[0];
    below += interval.value < exact;
    held += exact <= interval.high;
  }
  CHECK(below == 20);
  // Of intervals that hold 95 %, fewer than 15 of 20 have a probability of 1e-4 (binomial).
  CHECK(held >= 15);
}

TEST_CASE("Intervals depend on the seed alone, and replicates on their numbers", "[analysis]") {
  const Judged judged(40, "auc", 2);
  const ReplayScores a = judged.measured(50, 1, 100), b = judged.measured(50, 1, 100);
  CHECK(a.tasks[0].low == b.tasks[0].low);
  CHECK(a.tasks[0].high == b.tasks[0].high);
  MeasuredValues values(2, 1, std::nullopt);
  values.add({{0, {{{0}, 1.0}}}}, 1.0, std::vector<Counts>{{{"0", 5}, {"1", 9}}, {{"0", 3}, {"1", 2}}});
  const std::vector<std::size_t> both{0, 1}, second{1};
  const auto all = values.replicates(both, 7, 0, 10);
  CHECK(values.replicates(both, 7, 4, 3)[0] == all[4]);
  CHECK(values.replicates(second, 7, 4, 1)[0][0] == all[4][1]);
}

TEST_CASE("Replicates have the mean and the variance of a multinomial draw", "[analysis]") {
  MeasuredValues values(1, 1, std::nullopt);
  values.add({{0, {{{0}, 1.0}}}}, 1.0, std::vector<Counts>{{{"0", 70}, {"1", 30}}});
  const std::vector<std::size_t> all{0};
  constexpr std::size_t count = 20'000;
  double sum = 0, squares = 0;
  for (const auto& replicate : values.replicates(all, 3, 0, count)) {
    sum += replicate[0];
    squares += replicate[0] * replicate[0];
  }
  const double mean = sum / count, variance = squares / count - mean * mean;
  // <Z> = 0.4, variance (1 - 0.16) / 100; five standard deviations of their estimates.
  CHECK(std::abs(mean - 0.4) < 5 * std::sqrt(0.0084 / count));
  CHECK(std::abs(variance / 0.0084 - 1) < 5 * std::sqrt(2.0 / count));
}

TEST_CASE("Samples without all programs are left out", "[analysis]") {
  MeasuredValues values(3, 2, std::nullopt);
  values.add({{0, {{{0}, 1.0}}}}, 1.0, std::vector<Counts>{{{"0", 5}}, {}, {{"1", 5}}});
  values.add({{1, {{{0}, 1.0}}}}, 1.0, std::vector<Counts>{{{"0", 5}}, {{"0", 5}}, {{"1", 5}}});
  CHECK(values.complete(0));
  CHECK_FALSE(values.complete(1));
  CHECK(values.complete(2));
  const std::vector<std::size_t> which{0, 2};
  CHECK(values.values(which) == std::vector<double>{1, 1, -1, -1});
}
