// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/measured_values.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "runtime/base/error.h"
#include "runtime/base/philox.h"
#include "runtime/noise/parallel.h"

namespace qmtl {
namespace {

/// Shot numbers drawn with replacement, each for its outcome: `shots` of them, counted.
void draw(const std::vector<std::uint32_t>& outcome_of_shot, std::array<std::uint32_t, 2> key,
          std::uint32_t replicate, std::uint32_t part, std::uint32_t sample,
          std::vector<std::uint64_t>& counts) {
  const std::uint64_t shots = outcome_of_shot.size();
  for (std::uint64_t s = 0; s < shots; s += 4) {
    const auto words = philox({static_cast<std::uint32_t>(s / 4), sample, part, replicate}, key);
    // A 32-bit fraction picks each of the shots equally often up to shots / 2^32.
    for (std::uint64_t w = 0; w < std::min<std::uint64_t>(4, shots - s); ++w)
      ++counts[outcome_of_shot[words[w] * shots >> 32]];
  }
}

std::vector<std::uint32_t> outcomes_by_shot(const std::vector<std::uint64_t>& counts) {
  std::vector<std::uint32_t> outcomes;
  outcomes.reserve(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
  for (std::size_t k = 0; k < counts.size(); ++k)
    outcomes.insert(outcomes.end(), counts[k], static_cast<std::uint32_t>(k));
  return outcomes;
}

/// Mean over shots of column `j`, and the variance of that mean.
Estimate mean_of(const std::vector<std::uint64_t>& counts, const std::vector<double>& of_outcome,
                 std::size_t columns, std::size_t j) {
  double shots = 0, sum = 0, squares = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    const double n = static_cast<double>(counts[k]), f = of_outcome[k * columns + j];
    shots += n;
    sum += n * f;
    squares += n * f * f;
  }
  const double mean = sum / shots;
  return {mean, std::max(0.0, squares / shots - mean * mean) / shots};
}

}  // namespace

void MeasuredValues::add(const std::vector<ReadOutput>& outputs, double factor,
                         std::span<const Counts> counts, const ReadoutInverse* inverse) {
  if (counts.size() != samples_)
    throw data_error("measured values: expected counts of " + std::to_string(samples_) + " samples, found " +
                     std::to_string(counts.size()));
  Part part{{}, factor, std::vector<ShotTable>(samples_)};
  for (const ReadOutput& output : outputs) part.outputs.push_back(output.output);
  // A bitstring means the same in every sample.
  std::unordered_map<std::string, std::vector<double>> known;
  const auto meaning = [&](const std::string& bits) -> const std::vector<double>& {
    auto [at, fresh] = known.try_emplace(bits);
    if (fresh)
      for (const ReadOutput& output : outputs) {
        const Counts one{{bits, 1}};
        at->second.push_back(
            (inverse ? inverse->expectation(one, output.terms) : expectation(one, output.terms)).value);
      }
    return at->second;
  };
  for (std::size_t i = 0; i < samples_; ++i)
    for (const auto& [bits, count] : counts[i]) {
      if (count == 0) continue;
      const std::vector<double>& values = meaning(bits);
      part.tables[i].counts.push_back(count);
      part.tables[i].of_outcome.insert(part.tables[i].of_outcome.end(), values.begin(), values.end());
    }
  parts_.push_back(std::move(part));
}

std::uint64_t MeasuredValues::fewest_shots(std::span<const std::size_t> which) const {
  std::uint64_t fewest = std::numeric_limits<std::uint64_t>::max();
  for (const Part& part : parts_)
    for (std::size_t sample : which) {
      const std::vector<std::uint64_t>& counts = part.tables[sample].counts;
      fewest = std::min(fewest, std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
    }
  return parts_.empty() || which.empty() ? 0 : fewest;
}

bool MeasuredValues::complete(std::size_t sample) const {
  return std::all_of(parts_.begin(), parts_.end(),
                     [&](const Part& part) { return !part.tables[sample].counts.empty(); });
}

/// From counts[part] of the sample's outcomes.
void MeasuredValues::write_values(std::span<const std::vector<std::uint64_t>> counts, std::size_t sample,
                                  std::span<double> values) const {
  std::vector<std::vector<NoisePoint>> points(static_cast<std::size_t>(outputs_));
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    const Part& part = parts_[p];
    for (std::size_t j = 0; j < part.outputs.size(); ++j)
      points[static_cast<std::size_t>(part.outputs[j])].push_back(
          {part.factor, mean_of(counts[p], part.tables[sample].of_outcome, part.outputs.size(), j)});
  }
  for (std::size_t o = 0; o < points.size(); ++o)
    values[o] = extrapolation_ ? extrapolate(points[o], *extrapolation_).estimate.value
                               : points[o].front().estimate.value;
}

std::vector<double> MeasuredValues::values(std::span<const std::size_t> which) const {
  const auto width = static_cast<std::size_t>(outputs_);
  std::vector<double> values(which.size() * width);
  for (std::size_t i = 0; i < which.size(); ++i) {
    std::vector<std::vector<std::uint64_t>> counts;
    for (const Part& part : parts_) counts.push_back(part.tables[which[i]].counts);
    write_values(counts, which[i], std::span(values).subspan(i * width, width));
  }
  return values;
}

std::vector<std::vector<double>> MeasuredValues::replicates(std::span<const std::size_t> which,
                                                            std::uint64_t seed, std::size_t first,
                                                            std::size_t count) const {
  const auto mixed = philox({static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), 0, 0},
                            {0x626f6f74u, 0x73747261u});
  const std::array<std::uint32_t, 2> key{mixed[0], mixed[1]};
  const auto width = static_cast<std::size_t>(outputs_);
  std::vector<std::vector<double>> all(count, std::vector<double>(which.size() * width));
  run_parallel(which.size(), [&](std::size_t i) {
    const std::size_t sample = which[i];
    std::vector<std::vector<std::uint32_t>> shots;
    for (const Part& part : parts_) shots.push_back(outcomes_by_shot(part.tables[sample].counts));
    std::vector<std::vector<std::uint64_t>> counts(parts_.size());
    for (std::size_t r = 0; r < count; ++r) {
      for (std::size_t p = 0; p < parts_.size(); ++p) {
        counts[p].assign(parts_[p].tables[sample].counts.size(), 0);
        draw(shots[p], key, static_cast<std::uint32_t>(first + r), static_cast<std::uint32_t>(p),
             static_cast<std::uint32_t>(sample), counts[p]);
      }
      write_values(counts, sample, std::span(all[r]).subspan(i * width, width));
    }
  });
  return all;
}

}  // namespace qmtl
