// SPDX-License-Identifier: Apache-2.0
#include "hardware/executor.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hardware/device_circuit.h"
#include "runtime/base/hash.h"
#include "runtime/base/parallel.h"
#include "runtime/noise/noisy.h"
#include "runtime/noise/random.h"

namespace qmtl {
namespace {

/// Up to so many qubits a sweep without gate errors is a statevector per row, from which shots are drawn;
/// measured: there it is faster than shots of their own.
constexpr int statevector_qubits = 14;
constexpr std::size_t most_probabilities = 16;

void check_sweep(const Sweep& sweep) {
  check(sweep.program);
  if (sweep.program.measured.empty())
    throw usage_error("program " + sweep.program.name + ": expected at least one qubit to be read");
  if (sweep.values.size() != sweep.rows * sweep.program.inputs.size())
    throw usage_error("program " + sweep.program.name + ": expected " + std::to_string(sweep.rows) + " x " +
                      std::to_string(sweep.program.inputs.size()) + " values, found " +
                      std::to_string(sweep.values.size()));
  for (double value : sweep.values)
    if (!std::isfinite(value))
      throw usage_error("program " + sweep.program.name + ": expected finite values of the inputs");
}

std::vector<std::uint32_t> row_numbers(const Sweep& sweep) {
  std::vector<std::uint32_t> rows(sweep.rows);
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

/// The probabilities of the first `kept` bits.
std::vector<double> marginal(const std::vector<double>& joint, std::size_t kept) {
  std::vector<double> sums(std::size_t{1} << kept, 0.0);
  for (std::size_t i = 0; i < joint.size(); ++i) sums[i & (sums.size() - 1)] += joint[i];
  return sums;
}

/// Shots from a distribution over `width` bits.
Counts draw(std::vector<double> cumulative, std::size_t width, std::int64_t shots, const NoiseRandom& random,
            std::uint32_t row) {
  std::partial_sum(cumulative.begin(), cumulative.end(), cumulative.begin());
  std::vector<std::uint64_t> found(cumulative.size(), 0);
  for (std::int64_t shot = 0; shot < shots; ++shot) {
    const NoiseRandom::At at{row, 0, static_cast<std::uint32_t>(shot)};
    ++found[outcome_at(cumulative, random.uniform(NoiseRandom::Purpose::shot, at, 0))];
  }
  Counts counts;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i] == 0) continue;
    std::string text(width, '0');
    for (std::size_t bit = 0; bit < width; ++bit)
      if (i >> bit & 1) text[width - 1 - bit] = '1';
    counts.emplace_hint(counts.end(), std::move(text), found[i]);
  }
  return counts;
}

/// How many executions with a frequency offset of their own stand for the drift between shots.
constexpr int drifts = 32;

/// Offsets of the qubits' frequencies in Hz, [drifts or 1][qubits]: one where nothing drifts.
std::vector<std::vector<double>> frequency_offsets(const NoiseModel& noise, int qubits, std::uint64_t seed) {
  const NoiseTable table(noise);
  bool drifting = noise.idle.spread > 0;
  for (const auto& [qubit, idle] : noise.idle_of) drifting = drifting || idle.spread > 0;
  std::vector<std::vector<double>> offsets(drifting ? drifts : 1);
  const NoiseRandom random(seed);
  for (std::size_t d = 0; d < offsets.size(); ++d)
    for (int qubit = 0; qubit < qubits; ++qubit) {
      const IdleNoise& idle = table.idle(qubit);
      const NoiseRandom::At at{static_cast<std::uint32_t>(qubit), 0, static_cast<std::uint32_t>(d)};
      offsets[d].push_back(idle.detuning + idle.spread * random.normal(NoiseRandom::Purpose::drift, at));
    }
  return offsets;
}

/// Shots of part number `part` of `parts`.
std::int64_t share(std::int64_t shots, std::size_t part, std::size_t parts) {
  const auto n = static_cast<std::int64_t>(parts), i = static_cast<std::int64_t>(part);
  return shots * (i + 1) / n - shots * i / n;
}

/// The distributions of all rows from pure states: for programs without gate errors.
std::vector<std::vector<double>> statevector_probabilities(DeviceCircuit made, const NoiseModel& noise,
                                                           const Sweep& sweep,
                                                           std::span<const double> constants) {
  const std::size_t kept = sweep.program.measured.size();
  made.circuit.blocks[0].qubits = made.cone;
  NoisyOptions options;
  options.method = NoisyMethod::trajectories;
  options.trajectories = 1;  // nothing is random in it
  options.joint = true;
  NoisySimulator simulator(made.circuit, noise, options);
  simulator.bind(constants);
  auto all = simulator.probabilities(row_numbers(sweep), made.angles(sweep));
  for (std::vector<double>& row : all) row = marginal(row, kept);
  return all;
}

}  // namespace

Executor::Executor(NoiseModel noise, std::uint64_t seed) : noise_(std::move(noise)), seed_(seed) {
  qmtl::check(noise_);
}

std::vector<Counts> Executor::run(const Sweep& sweep, std::int64_t shots, std::uint64_t key) const {
  check_sweep(sweep);
  if (shots < 1) throw usage_error("shots: expected at least 1, found " + std::to_string(shots));
  const DeviceCircuit made(sweep.program, noise_);
  const NoiseModel noise = noise_for(sweep.program, noise_);
  Sha256 mixed;
  mixed.update_number(seed_);
  mixed.update_number(key);
  const auto digest = mixed.digest();
  std::uint64_t seed = 0;
  for (std::size_t i = 0; i < 8; ++i) seed |= std::uint64_t{digest[i]} << 8 * i;

  const auto offsets = made.idle.empty() ? std::vector<std::vector<double>>(1)
                                         : frequency_offsets(noise_, sweep.program.qubits, seed);
  std::vector<Counts> counts(sweep.rows);
  for (std::size_t d = 0; d < offsets.size(); ++d) {
    const std::int64_t own = share(shots, d, offsets.size());
    if (own == 0) continue;
    const std::vector<double> constants = made.constants_at(offsets[d]);
    const std::uint64_t own_seed = seed + 0x9e3779b97f4a7c15u * d;
    std::vector<Counts> drawn(sweep.rows);
    if (noise.gates.empty() && static_cast<int>(made.cone.size()) <= statevector_qubits) {
      const auto probabilities = statevector_probabilities(made, noise, sweep, constants);
      run_parallel(sweep.rows, [&](std::size_t row) {
        drawn[row] = draw(probabilities[row], sweep.program.measured.size(), own, NoiseRandom(own_seed),
                          static_cast<std::uint32_t>(row));
      });
    } else {
      NoisyOptions options;
      options.shots = own;
      options.seed = own_seed;
      NoisySimulator simulator(made.circuit, noise, options);
      simulator.bind(constants);
      drawn = simulator.counts(row_numbers(sweep), made.angles(sweep));
    }
    for (std::size_t row = 0; row < sweep.rows; ++row)
      for (const auto& [bits, count] : drawn[row]) counts[row][bits] += count;
  }
  return counts;
}

std::vector<std::vector<double>> Executor::probabilities(const Sweep& sweep) const {
  check_sweep(sweep);
  if (sweep.program.measured.size() > most_probabilities)
    throw usage_error("program " + sweep.program.name + ": expected at most " +
                      std::to_string(most_probabilities) + " readings for probabilities, found " +
                      std::to_string(sweep.program.measured.size()) + "; draw shots instead");
  const DeviceCircuit made(sweep.program, noise_);
  const NoiseModel noise = noise_for(sweep.program, noise_);
  const auto offsets = made.idle.empty() ? std::vector<std::vector<double>>(1)
                                         : frequency_offsets(noise_, sweep.program.qubits, seed_);
  std::vector<std::vector<double>> mean;
  for (const std::vector<double>& offset : offsets) {
    std::vector<std::vector<double>> all;
    const std::vector<double> constants = made.constants_at(offset);
    if (noise.gates.empty() && made.cone.size() <= most_probabilities) {
      all = statevector_probabilities(made, noise, sweep, constants);
    } else {
      NoisyOptions options;
      options.method = NoisyMethod::density;
      options.joint = true;
      NoisySimulator simulator(made.circuit, noise, options);
      simulator.bind(constants);
      all = simulator.probabilities(row_numbers(sweep), made.angles(sweep));
    }
    if (offsets.size() == 1) return all;
    mean.resize(all.size());
    for (std::size_t row = 0; row < all.size(); ++row) {
      mean[row].resize(all[row].size(), 0.0);
      for (std::size_t i = 0; i < all[row].size(); ++i)
        mean[row][i] += all[row][i] / static_cast<double>(offsets.size());
    }
  }
  return mean;
}

std::size_t outcome_at(std::span<const double> cumulative, double level) {
  const auto place = std::upper_bound(cumulative.begin(), cumulative.end(), cumulative.back() * level);
  const auto last = std::lower_bound(cumulative.begin(), cumulative.end(), cumulative.back());
  return static_cast<std::size_t>(std::min(place, last) - cumulative.begin());
}

std::uint64_t sweep_key(std::string_view tag, std::size_t sweep) {
  Sha256 hash;
  hash.update_text(tag);
  hash.update_number(static_cast<std::uint64_t>(sweep));
  const auto digest = hash.digest();
  std::uint64_t key = 0;
  for (std::size_t i = 0; i < 8; ++i) key |= std::uint64_t{digest[i]} << 8 * i;
  return key;
}

}  // namespace qmtl
