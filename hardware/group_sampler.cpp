// SPDX-License-Identifier: Apache-2.0
#include "hardware/group_sampler.h"

#include <algorithm>
#include <numeric>

#include "hardware/device_circuit.h"
#include "runtime/base/parallel.h"
#include "runtime/noise/noisy.h"
#include "runtime/noise/random.h"

namespace qmtl {

std::optional<GroupSampler> GroupSampler::make(const Sweep& sweep, const NoiseModel& noise,
                                               std::vector<std::vector<int>> groups) {
  DeviceCircuit made(sweep.program, noise);
  if (!made.idle.empty()) return std::nullopt;
  made.circuit.blocks.clear();
  for (const std::vector<int>& group : groups) {
    Block& block = made.circuit.blocks.emplace_back();
    for (const int bit : group) block.qubits.push_back(sweep.program.measured[static_cast<std::size_t>(bit)]);
  }
  NoisyOptions options;
  options.joint = true;
  NoisySimulator simulator(made.circuit, noise_for(sweep.program, noise), options);
  for (const NoisyPart& part : simulator.parts())
    if (part.method != NoisyMethod::density) return std::nullopt;
  simulator.bind(made.constants);
  std::vector<std::uint32_t> numbers(sweep.rows);
  std::iota(numbers.begin(), numbers.end(), 0u);
  GroupSampler sampler;
  sampler.rows_ = sweep.rows;
  sampler.bits_ = sweep.program.measured.size();
  sampler.groups_ = std::move(groups);
  sampler.cumulative_ = simulator.probabilities(numbers, made.angles(sweep));
  for (std::vector<double>& weights : sampler.cumulative_)
    std::partial_sum(weights.begin(), weights.end(), weights.begin());
  return sampler;
}

std::vector<Counts> GroupSampler::counts(std::int64_t first, std::int64_t last, std::uint64_t seed) const {
  const NoiseRandom random(seed);
  std::vector<Counts> counts(rows_);
  run_parallel(rows_, [&](std::size_t row) {
    std::string text(bits_, '0');
    for (std::int64_t shot = first; shot < last; ++shot) {
      for (std::size_t g = 0; g < groups_.size(); ++g) {
        const NoiseRandom::At at{static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(g),
                                 static_cast<std::uint32_t>(shot)};
        const std::size_t outcome = outcome_at(cumulative_[row * groups_.size() + g],
                                               random.uniform(NoiseRandom::Purpose::shot, at, 0));
        for (std::size_t i = 0; i < groups_[g].size(); ++i)
          text[bits_ - 1 - static_cast<std::size_t>(groups_[g][i])] = (outcome >> i & 1) != 0 ? '1' : '0';
      }
      ++counts[row][text];
    }
  });
  return counts;
}

std::vector<std::vector<int>> read_together(std::span<const ReadOutput> outputs, std::size_t bits) {
  std::vector<std::size_t> root(bits);
  std::iota(root.begin(), root.end(), std::size_t{0});
  const auto find = [&](std::size_t bit) {
    while (root[bit] != bit) bit = root[bit];
    return bit;
  };
  for (const ReadOutput& output : outputs) {
    std::optional<std::size_t> first;
    for (const BitTerm& term : output.terms)
      for (const int bit : term.bits) {
        const std::size_t own = find(static_cast<std::size_t>(bit));
        if (first)
          root[std::max(own, find(*first))] = std::min(own, find(*first));
        else
          first = own;
      }
  }
  std::vector<std::vector<int>> groups;
  std::vector<std::size_t> group_of(bits, bits);
  for (std::size_t bit = 0; bit < bits; ++bit) {
    const std::size_t own = find(bit);
    if (group_of[own] == bits) {
      group_of[own] = groups.size();
      groups.emplace_back();
    }
    groups[group_of[own]].push_back(static_cast<int>(bit));
  }
  return groups;
}

}  // namespace qmtl
