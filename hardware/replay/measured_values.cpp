// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/measured_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "runtime/base/error.h"
#include "runtime/base/parallel.h"
#include "runtime/base/philox.h"

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

/// How often each of `clusters` programs is among clusters - 1 that are drawn with replacement.
std::vector<double> drawn_clusters(std::size_t clusters, std::array<std::uint32_t, 2> key,
                                   std::uint32_t replicate, std::uint32_t group, std::uint32_t stratum) {
  std::vector<double> times(clusters, 0.0);
  const std::uint64_t count = clusters;
  for (std::uint64_t s = 0; s + 1 < count; s += 4) {
    const auto words = philox({static_cast<std::uint32_t>(s / 4), group, stratum, replicate}, key);
    for (std::uint64_t w = 0; w < std::min<std::uint64_t>(4, count - 1 - s); ++w)
      ++times[words[w] * count >> 32];
  }
  for (double& t : times) t *= static_cast<double>(clusters) / static_cast<double>(clusters - 1);
  return times;
}

std::array<std::uint32_t, 2> mixed_key(std::uint64_t seed, std::array<std::uint32_t, 2> purpose) {
  const auto mixed =
      philox({static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), 0, 0}, purpose);
  return {mixed[0], mixed[1]};
}

}  // namespace

MeasuredValues::Group& MeasuredValues::group_of(std::span<const ReadOutput> outputs,
                                                const ProgramPlace& place) {
  for (Group& group : groups_)
    if (place.group >= 0 && group.id == place.group) return group;
  groups_.push_back({place.group, place.factor, {}, {}});
  for (const ReadOutput& output : outputs) groups_.back().outputs.push_back(output.output);
  return groups_.back();
}

void MeasuredValues::add(std::span<const ReadOutput> outputs, const ProgramPlace& place,
                         std::span<const Counts> counts, const RowReader& read) {
  if (counts.size() != samples_)
    throw data_error("measured values: expected counts of " + std::to_string(samples_) + " samples, found " +
                     std::to_string(counts.size()));
  Part part{place.weights, std::vector<ShotTable>(samples_)};
  if (part.weights.empty()) part.weights.assign(outputs.size(), 1.0);
  for (std::size_t i = 0; i < samples_; ++i) {
    if (std::all_of(counts[i].begin(), counts[i].end(), [](const auto& entry) { return entry.second == 0; }))
      continue;
    RowReading reading = read(counts[i]);
    for (const auto& [bits, count] : counts[i]) part.tables[i].counts.push_back(count);
    part.tables[i].of_outcome = std::move(reading.of_outcome);
    part.tables[i].uncertain = std::move(reading.variance);
  }
  Group& group = group_of(outputs, place);
  const auto stratum = static_cast<std::size_t>(place.stratum);
  if (group.strata.size() <= stratum) group.strata.resize(stratum + 1);
  group.strata[stratum].push_back(parts_.size());
  parts_.push_back(std::move(part));
}

std::uint64_t MeasuredValues::fewest_shots(std::span<const std::size_t> which) const {
  std::uint64_t fewest = std::numeric_limits<std::uint64_t>::max();
  for (const Group& group : groups_)
    for (const std::vector<std::size_t>& stratum : group.strata)
      for (std::size_t sample : which) {
        std::uint64_t together = 0;
        for (std::size_t p : stratum) {
          const std::vector<std::uint64_t>& counts = parts_[p].tables[sample].counts;
          const auto shots = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
          together += shots;
          if (stratum.size() < fewest_clusters || shots == 0) fewest = std::min(fewest, shots);
        }
        if (!stratum.empty()) fewest = std::min(fewest, together);
      }
  return parts_.empty() || which.empty() ? 0 : fewest;
}

bool MeasuredValues::complete(std::size_t sample) const {
  return std::all_of(parts_.begin(), parts_.end(),
                     [&](const Part& part) { return !part.tables[sample].counts.empty(); });
}

Estimate MeasuredValues::sum_of(const Group& group, std::size_t j, std::size_t sample,
                                std::span<const Draw> draws) const {
  Estimate sum;
  for (const std::vector<std::size_t>& stratum : group.strata) {
    double of_shots = 0, own = 0, squares = 0;
    for (std::size_t p : stratum) {
      const Part& part = parts_[p];
      Estimate mean = mean_of(*draws[p].counts, part.tables[sample].of_outcome, group.outputs.size(), j);
      mean.value *= part.weights[j] * draws[p].times;
      sum.value += mean.value;
      own += mean.value;
      squares += mean.value * mean.value;
      of_shots += part.weights[j] * part.weights[j] * mean.variance;
    }
    const auto clusters = static_cast<double>(stratum.size());
    // What the shots leave open is known well; the programs' distances show at least that.
    sum.variance += stratum.size() < fewest_clusters
                        ? of_shots
                        : std::max(of_shots, (squares - own * own / clusters) * clusters / (clusters - 1));
  }
  return sum;
}

/// Variance of what the readings rest on, which all programs of the group have in common.
double MeasuredValues::uncertain(const Group& group, std::size_t j, std::size_t sample) const {
  double deviation = 0;
  for (const std::vector<std::size_t>& stratum : group.strata)
    for (std::size_t p : stratum) {
      const std::vector<double>& variance = parts_[p].tables[sample].uncertain;
      if (!variance.empty()) deviation += std::abs(parts_[p].weights[j]) * std::sqrt(variance[j]);
    }
  return deviation * deviation;
}

std::vector<Estimate> MeasuredValues::outputs_of(std::size_t sample, std::span<const Draw> draws) const {
  std::vector<std::vector<NoisePoint>> points(static_cast<std::size_t>(outputs_));
  for (const Group& group : groups_)
    for (std::size_t j = 0; j < group.outputs.size(); ++j)
      points[static_cast<std::size_t>(group.outputs[j])].push_back(
          {group.factor, sum_of(group, j, sample, draws)});
  std::vector<Estimate> outputs;
  for (const std::vector<NoisePoint>& of_output : points)
    outputs.push_back(extrapolation_ ? extrapolate(of_output, *extrapolation_).estimate
                                     : of_output.front().estimate);
  return outputs;
}

std::vector<MeasuredValues::Draw> MeasuredValues::all_shots(std::size_t sample) const {
  std::vector<Draw> draws;
  for (const Part& part : parts_) draws.push_back({&part.tables[sample].counts});
  return draws;
}

std::vector<double> MeasuredValues::values(std::span<const std::size_t> which) const {
  std::vector<double> values;
  for (std::size_t sample : which)
    for (const Estimate& output : outputs_of(sample, all_shots(sample))) values.push_back(output.value);
  return values;
}

std::vector<Estimate> MeasuredValues::estimates(std::span<const std::size_t> which) const {
  std::vector<Estimate> estimates;
  for (std::size_t sample : which) {
    const std::vector<Draw> draws = all_shots(sample);
    std::vector<Estimate> outputs = outputs_of(sample, draws);
    std::vector<double> before(outputs.size(), 0.0), common(outputs.size(), 0.0);
    for (const Group& group : groups_)
      for (std::size_t j = 0; j < group.outputs.size(); ++j) {
        const auto o = static_cast<std::size_t>(group.outputs[j]);
        before[o] = std::max(before[o], sum_of(group, j, sample, draws).variance);
        common[o] = std::max(common[o], uncertain(group, j, sample));
      }
    // Extrapolation stretches what the points have in common at most as it stretches their own errors.
    for (std::size_t o = 0; o < outputs.size(); ++o)
      outputs[o].variance +=
          common[o] * (before[o] > 0 ? std::max(1.0, outputs[o].variance / before[o]) : 1.0);
    estimates.insert(estimates.end(), outputs.begin(), outputs.end());
  }
  return estimates;
}

std::vector<std::vector<double>> MeasuredValues::replicates(std::span<const std::size_t> which,
                                                            std::uint64_t seed, std::size_t first,
                                                            std::size_t count) const {
  const auto key = mixed_key(seed, {0x626f6f74u, 0x73747261u}),
             of_clusters = mixed_key(seed, {0x636c7573u, 0x74657273u});
  const auto width = static_cast<std::size_t>(outputs_);
  std::vector<std::vector<double>> all(count, std::vector<double>(which.size() * width));
  std::vector<bool> clustered(parts_.size(), false);
  std::vector<std::vector<double>> times(count, std::vector<double>(parts_.size(), 1.0));
  for (std::size_t g = 0; g < groups_.size(); ++g)
    for (std::size_t s = 0; s < groups_[g].strata.size(); ++s) {
      const std::vector<std::size_t>& stratum = groups_[g].strata[s];
      if (stratum.size() < fewest_clusters) continue;
      for (std::size_t p : stratum) clustered[p] = true;
      for (std::size_t r = 0; r < count; ++r) {
        const auto drawn = drawn_clusters(stratum.size(), of_clusters, static_cast<std::uint32_t>(first + r),
                                          static_cast<std::uint32_t>(g), static_cast<std::uint32_t>(s));
        for (std::size_t c = 0; c < stratum.size(); ++c) times[r][stratum[c]] = drawn[c];
      }
    }
  run_parallel(which.size(), [&](std::size_t i) {
    const std::size_t sample = which[i];
    std::vector<Draw> draws = all_shots(sample);
    std::vector<std::vector<std::uint32_t>> shots(parts_.size());
    std::vector<std::vector<std::uint64_t>> counts(parts_.size());
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      if (clustered[p]) continue;
      shots[p] = outcomes_by_shot(parts_[p].tables[sample].counts);
      draws[p].counts = &counts[p];
    }
    for (std::size_t r = 0; r < count; ++r) {
      for (std::size_t p = 0; p < parts_.size(); ++p) {
        draws[p].times = times[r][p];
        if (clustered[p]) continue;
        counts[p].assign(parts_[p].tables[sample].counts.size(), 0);
        draw(shots[p], key, static_cast<std::uint32_t>(first + r), static_cast<std::uint32_t>(p),
             static_cast<std::uint32_t>(sample), counts[p]);
      }
      const std::vector<Estimate> outputs = outputs_of(sample, draws);
      for (std::size_t o = 0; o < width; ++o) all[r][i * width + o] = outputs[o].value;
    }
  });
  return all;
}

}  // namespace qmtl
