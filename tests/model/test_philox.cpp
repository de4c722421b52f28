// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "runtime/base/philox.h"
#include "runtime/model/layers/random_each.h"

using namespace qmtl;

TEST_CASE("philox4x32-10 gives the known answers of Random123", "[model]") {
  using Words = std::array<std::uint32_t, 4>;
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("uniform and normal numbers have their moments", "[model]") {
  const RandomStream stream(5, Purpose::initial);
  constexpr std::uint32_t n = 100000;
  double uniform = 0, mean = 0, square = 0, fourth = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    const double u = stream.uniform({0, 0, 0, i});
    REQUIRE(u >= 0.0);
    REQUIRE(u < 1.0);
    uniform += u;
    const double x = stream.normal({0, 1, 0, i});
    mean += x;
    square += x * x;
    fourth += x * x * x * x;
  }
  // Five standard errors: variances of u, x, x^2, x^4 are 1/12, 1, 2, 96.
  const double error = 5.0 / std::sqrt(double{n});
  CHECK(std::abs(uniform / n - 0.5) < error * std::sqrt(1.0 / 12));
  CHECK(std::abs(mean / n) < error);
  CHECK(std::abs(square / n - 1.0) < error * std::sqrt(2.0));
  CHECK(std::abs(fourth / n - 3.0) < error * std::sqrt(96.0));
}

TEST_CASE("streams of other seeds, purposes and positions differ", "[model]") {
  const auto first = RandomStream(1, Purpose::dropout).bits({3, 4, 5, 6});
  CHECK(first == RandomStream(1, Purpose::dropout).bits({3, 4, 5, 6}));
  CHECK(first != RandomStream(2, Purpose::dropout).bits({3, 4, 5, 6}));
  CHECK(first != RandomStream(1ull << 40 | 1, Purpose::dropout).bits({3, 4, 5, 6}));
  CHECK(first != RandomStream(1, Purpose::shot_noise).bits({3, 4, 5, 6}));
  for (const Position& at :
       {Position{4, 4, 5, 6}, Position{3, 5, 5, 6}, Position{3, 4, 6, 6}, Position{3, 4, 5, 7}})
    CHECK(first != RandomStream(1, Purpose::dropout).bits(at));
}

TEST_CASE("permutations hold every number once and each place is equally likely", "[model]") {
  const RandomStream stream(9, Purpose::permutation);
  constexpr std::size_t n = 6;
  constexpr std::uint32_t draws = 12000;
  std::vector<double> counts(n * n, 0.0);
  for (std::uint32_t step = 0; step < draws; ++step) {
    std::vector<std::size_t> order = stream.permutation(n, step);
    for (std::size_t place = 0; place < n; ++place) counts[place * n + order[place]] += 1.0;
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < n; ++i) REQUIRE(order[i] == i);
  }
  // A count is binomial with mean 2000 and deviation 41; five deviations.
  for (double count : counts) CHECK(std::abs(count - draws / 6.0) < 205.0);
  CHECK(stream.permutation(0, 0).empty());
  CHECK(stream.permutation(1, 0) == std::vector<std::size_t>{0});
}

TEST_CASE("random numbers of many positions at once are those of one at a time", "[model]") {
  const RandomStream stream(11, Purpose::dropout);
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{64}, std::size_t{203}}) {
    const Position first{3, 4, 0xffffffff, 0xffffffff - 70};  // the index wraps around
    std::vector<double> uniform(count), normal(count);
    uniform_each(stream, first, uniform);
    normal_each(stream, first, normal);
    for (std::size_t i = 0; i < count; ++i) {
      Position at = first;
      at.index += static_cast<std::uint32_t>(i);
      CHECK(uniform[i] == stream.uniform(at));
      CHECK(normal[i] == stream.normal(at));
    }
  }
}
