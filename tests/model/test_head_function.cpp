// SPDX-License-Identifier: Apache-2.0
#include <tbb/global_control.h>

#include <catch2/catch.hpp>

#include "differences.h"
#include "head_cases.h"
#include "runtime/base/error.h"
#include "runtime/model/heads/head_function.h"

using namespace qmtl;

namespace {

constexpr std::size_t rows = 19;  // more than one unit, and one that is not full

std::vector<double> numbers(std::size_t count, std::uint32_t stream) {
  std::vector<double> values(count);
  const InitialValues random(7);
  random.uniform(stream, 1.0, values);
  return values;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

TEST_CASE("A head's vector-Jacobian product is the derivative of its logits, for every kind",
          "[head_function]") {
  for (const HeadKind* kind : head_table) {
    INFO("head " << kind->name);
    ModelSpec spec = spec_of({std::string(kind->name), 0, 1, kind->circuit()});
    spec.precision = "double";
    const auto head = make_head_function(spec);
    std::vector<double> params = head->initial(3);
    const std::vector<double> z = numbers(rows * head->width(), 1),
                              cotangents = numbers(rows * head->outputs(), 2);
    const auto weighed = [&](const std::vector<double>& at, const std::vector<double>& with) {
      head->bind(with);
      std::vector<double> logits(cotangents.size());
      head->forward(at, logits);
      return dot(logits, cotangents);
    };
    std::vector<double> dz(z.size()), dparams(params.size());
    head->bind(params);
    head->vjp(z, cotangents, dz, dparams);
    CHECK(largest_deviation(dz, differences([&](const auto& at) { return weighed(at, params); }, z)) <
          difference_tolerance);
    CHECK(largest_deviation(dparams, differences([&](const auto& with) { return weighed(z, with); },
                                                 params)) < difference_tolerance);
  }
}

TEST_CASE("A head's vector-Jacobian product has the same bits on any number of threads", "[head_function]") {
  const auto head = make_head_function(spec_of({"qmtl"}));
  head->bind(head->initial(3));
  const std::vector<double> z = numbers(200 * head->width(), 1),
                            cotangents = numbers(200 * head->outputs(), 2);
  const auto product = [&](std::size_t threads) {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    std::vector<double> dz(z.size()), dparams(head->initial(3).size());
    head->vjp(z, cotangents, dz, dparams);
    dparams.insert(dparams.end(), dz.begin(), dz.end());
    return dparams;
  };
  CHECK(product(1) == product(4));
}

TEST_CASE("A head says which numbers it expected", "[head_function]") {
  const auto head = make_head_function(spec_of({"qmtl"}));
  std::vector<double> params = head->initial(3), z(3 * head->width()), logits(3 * head->outputs());
  head->bind(params);
  CHECK_THROWS_WITH(head->bind(std::span(params).first(2)), Catch::Contains("found 2"));
  CHECK_THROWS_WITH(head->forward(std::span<const double>(z).first(5), logits), Catch::Contains("rows of"));
  CHECK_THROWS_WITH(head->vjp(z, logits, std::span(z).first(1), params), Catch::Contains("dz: expected"));
  ModelSpec later = spec_of({"qmtl"});
  later.generations = {3, 1};
  const auto grown = make_head_function(later);
  grown->bind(params);
  grown->forward(z, logits);
  CHECK_THROWS_WITH(grown->vjp(z, logits, z, params), Catch::Contains("head.generations"));
}

TEST_CASE("A head's shot noise is a function of draw and row", "[head_function]") {
  const auto head = make_head_function(spec_of({"qmtl"}), 100);
  head->bind(head->initial(3));
  const std::vector<double> z = numbers(50 * head->width(), 1);
  const auto noisy = [&](const ShotDraw& draw, std::size_t threads) {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    std::vector<double> logits(50 * head->outputs());
    head->forward(z, logits, draw);
    return logits;
  };
  const std::vector<double> one = noisy({7, 1}, 1);
  CHECK(one == noisy({7, 1}, 4));
  CHECK(one != noisy({7, 2}, 1));
  CHECK(one != noisy({8, 1}, 1));
  std::vector<double> exact(one.size());
  head->forward(z, exact);
  CHECK(one != exact);
  // The gradient of a scale is what was measured: the noise of an equal draw is in it, and without one there
  // is none.
  const std::vector<double> cotangents(one.size(), 1.0);
  std::vector<double> dz(z.size()), noisy_slopes(head->initial(3).size()), slopes = noisy_slopes,
                                                                           same = slopes;
  const ShotDraw draw{7, 1};
  head->vjp(z, cotangents, dz, noisy_slopes, &draw);
  head->vjp(z, cotangents, dz, same, &draw);
  head->vjp(z, cotangents, dz, slopes);
  CHECK(noisy_slopes == same);
  CHECK(noisy_slopes != slopes);
  const auto without = make_head_function(spec_of({"qmtl"}));
  without->bind(without->initial(3));
  without->forward(z, exact);
  std::vector<double> quiet(exact.size());
  without->forward(z, quiet, draw);
  CHECK(quiet == exact);
}
