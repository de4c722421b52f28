// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <numeric>

#include "hardware/group_sampler.h"
#include "tests/hardware/executor_cases.h"

using namespace qmtl;
using namespace qmtl::executor_cases;

TEST_CASE("Groups of bits read as the executor has them, and independently of each other", "[executor]") {
  const Executor executor(some_noise(), 0);
  for (std::uint32_t which = 0; which < 12; ++which) {
    CAPTURE(which);
    const Sweep sweep = two_rows(random_program(which, 5, 25, 4));
    const std::vector<std::vector<int>> groups{{0, 3}, {1}, {2}};
    const auto sampler = GroupSampler::make(sweep, some_noise(), groups);
    REQUIRE(sampler);
    constexpr std::int64_t shots = 20'000;
    const auto counts = sampler->counts(0, shots, which);
    const auto joint = executor.probabilities(sweep);
    for (std::size_t row = 0; row < 2; ++row) {
      CHECK(total(counts[row]) == shots);
      // The product of what the groups read alone, each by the joint distribution.
      std::vector<double> expected(16, 0.0);
      const auto marginal = [&](std::size_t bits, const std::vector<int>& group) {
        std::size_t mask = 0;
        for (const int bit : group) mask |= std::size_t{1} << bit;
        double sum = 0;
        for (std::size_t i = 0; i < 16; ++i)
          if ((i & mask) == (bits & mask)) sum += joint[row][i];
        return sum;
      };
      for (std::size_t i = 0; i < 16; ++i) {
        expected[i] = 1;
        for (const auto& group : groups) expected[i] *= marginal(i, group);
      }
      CHECK(likely(counts[row], expected, shots));
    }
  }
}

TEST_CASE("A sampler's shots are the same whatever others are drawn", "[executor]") {
  const Sweep sweep = two_rows(random_program(3, 4, 20, 3));
  const auto sampler = GroupSampler::make(sweep, some_noise(), {{0}, {1, 2}});
  REQUIRE(sampler);
  const auto all = sampler->counts(0, 500, 9), first = sampler->counts(0, 200, 9),
             rest = sampler->counts(200, 500, 9);
  for (std::size_t row = 0; row < 2; ++row) {
    Counts sum = first[row];
    for (const auto& [bits, count] : rest[row]) sum[bits] += count;
    CHECK(sum == all[row]);
  }
  CHECK(sampler->counts(0, 500, 10) != all);
}

TEST_CASE("Frequencies that drift and cones that are too large are left to the executor", "[executor]") {
  NoiseModel drifting = some_noise();
  drifting.idle.spread = 1e5;
  drifting.gates[2].seconds = 1e-7;
  const Sweep wide{wide_program(14), 1, std::vector<double>(14, 0.3)};
  CHECK_FALSE(GroupSampler::make(two_rows(random_program(1, 4, 20, 2)), drifting, {{0}, {1}}));
  std::vector<int> all(14);
  std::iota(all.begin(), all.end(), 0);
  CHECK_FALSE(GroupSampler::make(wide, some_noise(), {all}));
}

TEST_CASE("Bits that an output reads are in one group, all others alone", "[executor]") {
  const std::vector<ReadOutput> outputs{
      {0, {{{0}, 0.5}, {{3}, 0.5}}}, {1, {{{3, 5}, 1.0}}}, {2, {{{1}, 1.0}}}};
  CHECK(read_together(outputs, 6) == std::vector<std::vector<int>>{{0, 3, 5}, {1}, {2}, {4}});
  CHECK(read_together({}, 2) == std::vector<std::vector<int>>{{0}, {1}});
}
