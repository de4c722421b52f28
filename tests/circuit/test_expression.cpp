// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/circuit/expression.h"

using namespace qmtl;

TEST_CASE("an expression is the polynomial that it says, and its gradient its derivative", "[expression]") {
  // (3 - x0) * (2 w1 x1 + w0) + x2^2
  const Expression first = sum({3, {}}, scaled(input_number(0), -1));
  const Expression second =
      sum(scaled(product(trainable_number(1), input_number(1)), 2), trainable_number(0));
  const Expression all = sum(product(first, second), product(input_number(2), input_number(2)));
  const auto by_hand = [](const std::vector<double>& x, const std::vector<double>& w) {
    return (3 - x[0]) * (2 * w[1] * x[1] + w[0]) + x[2] * x[2];
  };
  std::vector<double> x{0.4, -1.3, 0.7}, w{0.2, 1.9}, of_x(3, 0.0), of_w(2, 0.0);
  // A dozen roundings of numbers below 20.
  CHECK(std::abs(value(all, x, w) - by_hand(x, w)) < 12 * 20 * 2.2e-16);
  add_gradient(all, 1.5, x, w, of_x, of_w);
  const double h = 1e-5, tolerance = 1e-8;  // error h^2 / 6 of third derivatives, which are zero, and eps / h
  const auto difference = [&](double& at) {
    const double kept = at;
    at = kept + h;
    const double up = by_hand(x, w);
    at = kept - h;
    const double down = by_hand(x, w);
    at = kept;
    return 1.5 * (up - down) / (2 * h);
  };
  for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(of_x[i] - difference(x[i])) < tolerance);
  for (std::size_t i = 0; i < 2; ++i) CHECK(std::abs(of_w[i] - difference(w[i])) < tolerance);
  CHECK(value(sum(sample_part(all), fixed_part(all)), x, w) == Approx(by_hand(x, w)).epsilon(1e-14));
  CHECK(fixed_part(all) == simplified({0, {{3, 0, {}}}}));
}

TEST_CASE("terms that cancel are gone, and products of trained numbers are refused", "[expression]") {
  CHECK(sum(input_number(1), scaled(input_number(1), -1)).empty());
  CHECK(product(input_number(2), input_number(0)) == Expression{0, {{1, -1, {0, 2}}}});
  CHECK_THROWS_AS(product(trainable_number(0), trainable_number(1)), Error);
  CHECK(describe(Expression{-2, {{1, -1, {0}}, {-0.5, 3, {1, 1}}}}) == "z[0] - 0.5 w[3] z[1] z[1] - 2");
}
