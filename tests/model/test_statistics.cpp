// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "runtime/model/statistics.h"

using namespace qmtl;

// Expected numbers: scipy 1.17 (stats.t.ppf, stats.t.sf, stats.linregress), which sums in another order.
constexpr double rounding = 1e-12;

TEST_CASE("spread is the mean and the sample standard deviation", "[statistics]") {
  const std::vector<double> values{1, 2, 4};
  CHECK(spread(values).mean == Approx(7.0 / 3).epsilon(rounding));
  CHECK(spread(values).deviation == Approx(std::sqrt(7.0 / 3)).epsilon(rounding));
  CHECK(std::isnan(spread(std::vector<double>{1}).deviation));
  CHECK(std::isnan(spread(std::vector<double>{}).mean));
}

TEST_CASE("a paired difference without shared rows is the paired t test", "[statistics]") {
  const std::vector<double> d{0.01, 0.03, -0.01, 0.02, 0.02};
  const Difference r = paired_difference(d, 0.0);
  CHECK(r.mean == Approx(0.014).epsilon(rounding));
  CHECK(r.low == Approx(-0.00483076688348438).epsilon(1e-9));
  CHECK(r.high == Approx(0.03283076688348438).epsilon(1e-9));
  CHECK(r.p == Approx(0.1079388222922764).epsilon(1e-9));
  CHECK(r.splits == 5);
}

TEST_CASE("shared rows widen the interval by the factor of Nadeau and Bengio", "[statistics]") {
  const std::vector<double> d{0.01, 0.03, -0.01, 0.02, 0.02};
  const Difference plain = paired_difference(d, 0.0), shared = paired_difference(d, 0.25);
  CHECK((shared.high - shared.mean) / (plain.high - plain.mean) ==
        Approx(std::sqrt((0.2 + 0.25) / 0.2)).epsilon(1e-9));
  CHECK(shared.p > plain.p);
}

TEST_CASE("one split has a difference but no interval", "[statistics]") {
  const Difference r = paired_difference(std::vector<double>{0.5}, 0.2);
  CHECK(r.mean == 0.5);
  CHECK(std::isnan(r.low));
  CHECK(std::isnan(r.p));
}

TEST_CASE("equal scores on every split are no difference", "[statistics]") {
  const Difference r = paired_difference(std::vector<double>{0, 0, 0}, 0.2);
  CHECK(r.low == 0);
  CHECK(r.high == 0);
  CHECK(r.p == 1);
}

TEST_CASE("a mean difference answers one-sided questions about any bound", "[statistics]") {
  const std::vector<double> d{0.01, 0.03, -0.01, 0.02, 0.02};
  const MeanDifference r = mean_difference(d, 0.25);
  CHECK(r.error == Approx(0.015165750888103102 * std::sqrt(0.2 + 0.25)).epsilon(1e-9));
  for (const auto& [bound, expected] :
       {std::pair(0.0, 0.12040075145137523), std::pair(-0.01, 0.03887082047394993),
        std::pair(0.02, 0.7064751801064718)})
    CHECK(r.p_above(bound) == Approx(expected).epsilon(1e-9));
  CHECK(r.half_width(0.9) == Approx(2.1318467863266495 * r.error).epsilon(1e-9));
  CHECK(r.detectable(0.05, 0.8) == Approx((2.1318467863266495 + 0.9409645772351816) * r.error).epsilon(1e-9));
  const MeanDifference same = mean_difference(std::vector<double>{0.5, 0.5, 0.5}, 0.2);
  CHECK(same.p_above(0.25) == 0);
  CHECK(same.p_above(0.5) == 1);
  CHECK(std::isnan(mean_difference(std::vector<double>{0.1}, 0.2).p_above(0)));
}

TEST_CASE("Holm's adjustment spends the level on the smallest first", "[statistics]") {
  const std::vector<double> adjusted = holm(std::vector<double>{0.01, 0.04, 0.03, 0.005});
  const double expected[] = {0.03, 0.06, 0.06, 0.02};  // 3 x .01, 2 x .03 twice (never decreasing), 4 x .005
  for (std::size_t i = 0; i < adjusted.size(); ++i)
    CHECK(adjusted[i] == Approx(expected[i]).epsilon(rounding));
  CHECK(holm(std::vector<double>{0.5, 0.9, NAN}) == std::vector<double>{1, 1, 1});
  CHECK(holm(std::vector<double>{}).empty());
}

TEST_CASE("a fitted line has the slope and interval of linear regression", "[statistics]") {
  const std::vector<double> x{0, 1, 2, 3}, y{1, 3.1, 4.9, 7.2};
  const Line line = fit_line(x, y);
  CHECK(line.slope == Approx(2.04).epsilon(rounding));
  CHECK(line.intercept == Approx(0.99).epsilon(1e-9));
  CHECK(line.high - line.slope == Approx(0.2788437665680468).epsilon(1e-9));
  CHECK(std::isnan(fit_line(std::vector<double>{0, 1}, std::vector<double>{0, 2}).low));
}
