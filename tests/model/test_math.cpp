// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "runtime/base/math.h"
#include "runtime/model/layers/elementwise.h"

using namespace qmtl;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const double nan_value = std::numeric_limits<double>::quiet_NaN();

using Function = std::function<double(double)>;

struct Case {
  std::string name;
  Function ours, reference;
  double low, high;
  double relative, absolute;  ///< bound: relative * |reference| + absolute
};

/// Evenly spaced points with an irrational offset, so that round numbers are not favoured.
void check(const Case& c) {
  double worst = 0.0, at = 0.0;
  constexpr int points = 40000;
  for (int i = 0; i < points; ++i) {
    const double x = c.low + (c.high - c.low) * (i + 0.41421356) / points;
    const double expected = c.reference(x);
    const double excess = std::abs(c.ours(x) - expected) / (c.relative * std::abs(expected) + c.absolute);
    if (!(excess <= worst)) {
      worst = excess;
      at = x;
    }
  }
  INFO(c.name << " on [" << c.low << ", " << c.high << "]: error is " << worst << " of the bound at x = "
              << at << ", ours " << c.ours(at) << ", expected " << c.reference(at));
  CHECK(worst <= 1.0);
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

}  // namespace

TEST_CASE("elementary functions agree with the C library to a few units in the last place", "[model]") {
  // One unit in the last place is at most 2.2e-16 relative; each function makes three to four roundings after
  // its polynomial. erf, sin and cos get an absolute bound where the value passes near a zero.
  constexpr double ulps = 1e-15;
  const auto sigmoid = [](double x) {
    return static_cast<double>(1.0L / (1.0L + std::exp(-static_cast<long double>(x))));
  };
  const auto softplus = [](double x) {
    return static_cast<double>(std::max(x, 0.0) +
                               std::log1p(std::exp(-std::abs(static_cast<long double>(x)))));
  };
  const std::vector<Case> cases{
      {"exp", math::exp, [](double x) { return std::exp(x); }, -700, 700, ulps, 0},
      {"exp", math::exp, [](double x) { return std::exp(x); }, -1, 1, ulps, 0},
      // Below 2^-1022 a double keeps fewer digits; two roundings of the smallest step 4.9e-324.
      {"exp", math::exp, [](double x) { return std::exp(x); }, -745, -708, ulps, 1e-323},
      {"log", math::log, [](double x) { return std::log(x); }, 0.4, 2.5, ulps, 0},
      {"log", math::log, [](double x) { return std::log(x); }, 0, 1e-300, ulps, 0},
      {"log", math::log, [](double x) { return std::log(x); }, 1, 1e300, ulps, 0},
      {"log1p", math::log1p, [](double x) { return std::log1p(x); }, 0, 3, ulps, 0},
      {"log1p", math::log1p, [](double x) { return std::log1p(x); }, 0, 1e-10, ulps, 0},
      {"tanh", math::tanh, [](double x) { return std::tanh(x); }, -25, 25, ulps, 0},
      {"tanh", math::tanh, [](double x) { return std::tanh(x); }, -0.5, 0.5, ulps, 0},
      {"tanh", math::tanh, [](double x) { return std::tanh(x); }, -1e-8, 1e-8, ulps, 0},
      {"sigmoid", math::sigmoid, sigmoid, -700, 50, ulps, 0},
      {"softplus", math::softplus, softplus, -700, 50, ulps, 0},
      {"erf", math::erf, [](double x) { return std::erf(x); }, -1, 1, ulps, 0},
      {"erf", math::erf, [](double x) { return std::erf(x); }, -7, 7, ulps, 0},
      {"sin", math::sin, [](double x) { return std::sin(x); }, -10, 10, ulps, 2e-16},
      {"cos", math::cos, [](double x) { return std::cos(x); }, -10, 10, ulps, 2e-16},
      {"sin", math::sin, [](double x) { return std::sin(x); }, -1.5e6, 1.5e6, ulps, 2e-16},
      {"cos", math::cos, [](double x) { return std::cos(x); }, -1.5e6, 1.5e6, ulps, 2e-16},
      // Beyond 1.6e6 the reduction is off by |x| * 4e-17.
      {"sin", math::sin, [](double x) { return std::sin(x); }, 1e8, 1e9, ulps, 5e-8},
      {"atan", math::atan, [](double x) { return std::atan(x); }, -4, 4, ulps, 0},
      {"atan", math::atan, [](double x) { return std::atan(x); }, -1e6, 1e6, ulps, 0},
  };
  for (const Case& c : cases) check(c);
}

TEST_CASE("many numbers at once have the bits of one at a time", "[model]") {
  std::vector<double> x{0.0, -0.0, infinity, -infinity, 1e-320, -1e300, 22.0, -21.99999, std::nan("")};
  for (int i = 0; i < 5000; ++i) x.push_back(std::sin(i * 1.7) * std::exp((i % 60) - 40.0));
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{9}, x.size()}) {
    std::vector<double> tanh(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(count));
    std::vector<double> softplus(count), sigmoid(count);
    softplus_and_sigmoid_each(tanh, softplus, sigmoid);
    std::vector<double> angles(count), slopes(count), gradients(count);
    tanh_angles_each<double>(tanh, 0.3, 1.25, 0.75, angles, slopes);
    std::vector<float> rounded(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(count)), from_float(count);
    tanh_each<float>(rounded, from_float);
    tanh_each<double>(tanh, tanh);
    tanh_gradient_each<double>(tanh, softplus, gradients);
    for (std::size_t i = 0; i < count; ++i) {
      INFO(x[i]);
      CHECK(same_bits(tanh[i], math::tanh(x[i])));
      CHECK(same_bits(from_float[i], static_cast<float>(math::tanh(rounded[i]))));
      const double t = math::tanh(0.3 * x[i]);
      CHECK(same_bits(angles[i], 1.25 + 0.75 * t));
      CHECK(same_bits(slopes[i], 0.75 * (1.0 - t * t)));
      CHECK(same_bits(gradients[i], softplus[i] * (1.0 - tanh[i] * tanh[i])));
      CHECK(same_bits(softplus[i], math::softplus(x[i])));
      CHECK(same_bits(sigmoid[i], math::sigmoid(x[i])));
    }
  }
}

TEST_CASE("elementary functions have the right values at their limits", "[model]") {
  CHECK(math::exp(-infinity) == 0.0);
  CHECK(math::exp(infinity) == infinity);
  CHECK(math::exp(709.7) < infinity);
  CHECK(math::exp(709.8) == infinity);
  CHECK(math::exp(1e300) == infinity);
  CHECK(math::exp(0.0) == 1.0);
  CHECK(math::log(1.0) == 0.0);
  CHECK(math::log(0.0) == -infinity);
  CHECK(std::isnan(math::log(-1.0)));
  CHECK(math::log(infinity) == infinity);
  CHECK(math::log1p(infinity) == infinity);
  CHECK(math::tanh(infinity) == 1.0);
  CHECK(math::tanh(-1e300) == -1.0);
  CHECK(std::signbit(math::tanh(-0.0)));
  CHECK(math::sigmoid(infinity) == 1.0);
  CHECK(math::sigmoid(-infinity) == 0.0);
  CHECK(math::sigmoid(0.0) == 0.5);
  CHECK(math::softplus(-infinity) == 0.0);
  CHECK(math::softplus(infinity) == infinity);
  CHECK(math::erf(infinity) == 1.0);
  CHECK(math::erf(-infinity) == -1.0);
  CHECK(math::sin(0.0) == 0.0);
  CHECK(math::cos(0.0) == 1.0);
  CHECK(std::isnan(math::sin(infinity)));
  CHECK(std::isnan(math::cos(-infinity)));
  CHECK(std::abs(math::sin(1e300)) <= 1.0);
  CHECK(math::atan(infinity) == math::pi / 2);
  CHECK(math::atan(-infinity) == -math::pi / 2);
  CHECK(math::power(1.5, 0) == 1.0);
  CHECK(math::power(1.5, 5) == 7.59375);
  for (const Function& f :
       {Function(math::exp), Function(math::log), Function(math::log1p), Function(math::tanh),
        Function(math::sigmoid), Function(math::softplus), Function(math::erf), Function(math::sin),
        Function(math::cos), Function(math::atan)})
    CHECK(std::isnan(f(nan_value)));
}
