// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/layers/elementwise.h"

#include <bit>
#include <cstddef>
#include <cstdint>

#include "runtime/base/math.h"
#include "runtime/model/instruction_sets.h"

namespace qmtl {
namespace {

// Each lane does what math.h says, in that order. CMakeLists.txt lets this file's comparisons run in lanes.

struct Tanh {
  template <std::size_t>
  [[gnu::always_inline]] static void run(std::size_t n, double* x) {
    for (std::size_t i = 0; i < n; ++i) x[i] = math::tanh(x[i]);
  }
};

struct SoftplusAndSigmoid {
  template <std::size_t>
  [[gnu::always_inline]] static void run(std::size_t n, const double* __restrict x,
                                         double* __restrict softplus, double* __restrict sigmoid) {
    for (std::size_t i = 0; i < n; ++i) {
      const math::SoftplusAndSigmoid both = math::softplus_and_sigmoid(x[i]);
      softplus[i] = both.softplus;
      sigmoid[i] = both.sigmoid;
    }
  }
};

/// The sign bit of the sum is set where an exponent is all ones.
struct NotFinite {
  template <std::size_t>
  [[gnu::always_inline]] static void run(std::size_t n, const double* __restrict x,
                                         std::uint64_t* __restrict found) {
    constexpr std::uint64_t exponent = 0x7ff0000000000000, lowest = 0x0010000000000000;
    std::uint64_t bad = 0;
    for (std::size_t i = 0; i < n; ++i) bad |= (std::bit_cast<std::uint64_t>(x[i]) & exponent) + lowest;
    *found = bad >> 63;
  }
};

struct SumOfSquares {
  template <std::size_t>
  [[gnu::always_inline]] static void run(std::size_t n, const double* __restrict x, double* __restrict sum) {
    double lanes[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8)
      for (std::size_t l = 0; l < 8; ++l) lanes[l] += x[i + l] * x[i + l];
    for (std::size_t l = 0; i < n; ++i, ++l) lanes[l] += x[i] * x[i];
    for (std::size_t half = 4; half > 0; half /= 2)
      for (std::size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
    *sum = lanes[0];
  }
};

struct Standardise {
  template <std::size_t, class Real>
  [[gnu::always_inline]] static void run(std::size_t n, const float* __restrict x,
                                         const double* __restrict mean, const double* __restrict inverse,
                                         Real* __restrict y) {
    for (std::size_t i = 0; i < n; ++i)
      y[i] = static_cast<Real>((static_cast<double>(x[i]) - mean[i]) * inverse[i]);
  }
};

}  // namespace

bool all_finite(std::span<const double> x) {
  std::uint64_t bad = 0;
  run_widest<NotFinite>(x.size(), x.data(), &bad);
  return bad == 0;
}

double sum_of_squares(std::span<const double> x) {
  double sum = 0;
  run_widest<SumOfSquares>(x.size(), x.data(), &sum);
  return sum;
}

template <class Real>
void standardise_each(std::span<const float> x, const double* mean, const double* inverse, Real* y) {
  run_widest<Standardise>(x.size(), x.data(), mean, inverse, y);
}
template void standardise_each(std::span<const float>, const double*, const double*, float*);
template void standardise_each(std::span<const float>, const double*, const double*, double*);

void tanh_each(std::span<double> x) { run_widest<Tanh>(x.size(), x.data()); }

void softplus_and_sigmoid_each(std::span<const double> x, std::span<double> softplus,
                               std::span<double> sigmoid) {
  run_widest<SoftplusAndSigmoid>(x.size(), x.data(), softplus.data(), sigmoid.data());
}

}  // namespace qmtl
