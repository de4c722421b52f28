// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "runtime/circuit/amplitudes.h"
#include "runtime/edge/kernels/amplitudes.h"
#include "runtime/edge/kernels/atan.h"
#include "runtime/edge/kernels/exp.h"
#include "runtime/edge/kernels/gelu.h"
#include "runtime/edge/kernels/sincos.h"
#include "runtime/edge/kernels/tanh.h"

namespace {

/// Largest |found - exact| over max(1, |exact|) on a grid of floats.
template <class Found, class Exact>
double worst(double low, double high, Found found, Exact exact) {
  double largest = 0.0;
  for (int i = 0; i <= 200000; ++i) {
    const auto x = static_cast<float>(low + (high - low) * i / 200000);
    const double value = exact(static_cast<double>(x));
    largest =
        std::max(largest, std::abs(static_cast<double>(found(x)) - value) / std::max(1.0, std::abs(value)));
  }
  return largest;
}

}  // namespace

// Against the C library in double. 2^-24 = 6e-8 is half a unit in the last place of numbers near 1.
TEST_CASE("elementary functions of the edge runtime are right to a few units in the last place",
          "[functions]") {
  const float plain[] = {1.0f, 1.0f, 0.0f};
  const auto of = [&](auto kernel) {
    return [=](float x) {
      float y = 0.0f;
      kernel(&x, &y);
      return y;
    };
  };
  float pair[2];
  CHECK(worst(
            -5000, 5000, [&](float x) { return qe_sincos(x, pair), pair[0]; },
            [](double x) { return std::cos(x); }) < 1.5e-7);
  CHECK(worst(
            -5000, 5000, [&](float x) { return qe_sincos(x, pair), pair[1]; },
            [](double x) { return std::sin(x); }) < 1.5e-7);
  // Beyond, a float no longer holds an angle: no number rather than a wrong one.
  for (float far : {5000.0f, -5000.0f, 1e8f, -1e30f, std::numeric_limits<float>::infinity()}) {
    qe_sincos(far, pair);
    CHECK((std::isnan(pair[0]) && std::isnan(pair[1])));
  }
  CHECK(worst(-30, 30, of([&](const float* x, float* y) { qe_tanh(x, y, 1, plain); }),
              [](double x) { return std::tanh(x); }) < 2e-7);
  CHECK(worst(-1e-3, 1e-3, of([&](const float* x, float* y) {
          qe_tanh(x, y, 1, plain);
          *y *= 1000.0f;
        }),
              [](double x) { return 1000.0 * std::tanh(x); }) < 2e-7);
  CHECK(worst(-100, 100, of([&](const float* x, float* y) { qe_atan(x, y, 1, plain); }),
              [](double x) { return std::atan(x); }) < 2e-7);
  CHECK(worst(
            -80, 80, [](float x) { return qe_exp(x); }, [](double x) { return std::exp(x); }) < 3e-7);
  CHECK(worst(-8, 8, of([](const float* x, float* y) { qe_gelu(x, y, 1); }),
              [](double x) { return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0))); }) < 5e-7);
}

TEST_CASE("bounded functions stay in their bounds whatever finite number they get", "[functions]") {
  const float plain[] = {1.0f, 1.0f, 0.0f};
  for (float x : {0.0f, -0.0f, 1e-45f, 3e38f, -3e38f, 1e30f, 8388608.0f, 12582912.0f}) {
    float y = 0.0f;
    qe_tanh(&x, &y, 1, plain);
    CHECK(std::abs(y) <= 1.0f);
    qe_atan(&x, &y, 1, plain);
    CHECK(std::abs(y) <= 1.5707964f);
    CHECK(std::isfinite(qe_exp(x)));
  }
}

TEST_CASE("the angles that prepare amplitudes are those of the model, to single precision", "[functions]") {
  const std::vector<std::vector<double>> samples{{1, 0},
                                                 {-1, 0},
                                                 {0, -1},
                                                 {0, 0},
                                                 {0.5, -2, 3, -4},
                                                 {0, 0, -1, 0},
                                                 {1e-6, -1, 1e6, 1e-6},
                                                 {-1, 2, 0, 0, 0.25, -8, 1, 1},
                                                 {0, 0, 0, 0, 0, 0, 0, 0}};
  for (const std::vector<double>& sample : samples) {
    INFO(Catch::Detail::stringify(sample));
    qmtl::AmplitudeEncoding encoding{qmtl::amplitude_qubits(sample.size()), {}, 0};
    for (std::size_t j = 0; j < sample.size(); ++j) encoding.of.push_back(static_cast<int>(j));
    std::vector<double> expected(static_cast<std::size_t>(encoding.rotations()));
    qmtl::amplitude_angles(encoding, sample, expected);
    const std::vector<float> x(sample.begin(), sample.end());
    std::vector<float> heap(2 * sample.size());
    qe_amplitudes(x.data(), heap.data(), static_cast<uint32_t>(encoding.qubits));
    for (std::size_t nodes = 1; nodes < sample.size(); nodes *= 2)
      for (std::size_t i = 0; i < nodes; ++i) {
        const double found = static_cast<double>(heap[nodes + (i ^ (i >> 1))]) / static_cast<double>(nodes);
        // Angles up to 2 pi, each of a handful of roundings, and their mean.
        CHECK(std::abs(found - expected[nodes - 1 + i]) < 4e-6);
      }
  }
}
