// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/layers/elementwise.h"

#include <bit>
#include <cstddef>
#include <cstdint>

#include "runtime/base/math.h"
#include "runtime/model/instruction_sets.h"
#include "runtime/model/layers/pack.h"

namespace qmtl {
namespace {

// Each lane does what math.h says, in that order. CMakeLists.txt lets this file's comparisons run in lanes.

constexpr std::size_t side_by_side = 4;  ///< registers

/// each(a pack's place, its numbers or fewer at the end), where `x` and `y` are as long as a pack at the end.
template <std::size_t Bytes, class From, class To, class Function>
[[gnu::always_inline]] inline void map_packs(std::size_t n, const From* x, To* y, Function function) {
  using P = Pack<Bytes, side_by_side>;
  std::size_t i = 0;
  for (; i + P::size <= n; i += P::size) function(P::load(x + i)).store(y + i);
  if (i == n) return;
  From from[P::size] = {};
  To to[P::size];
  for (std::size_t j = i; j < n; ++j) from[j - i] = x[j];
  function(P::load(from)).store(to);
  for (std::size_t j = i; j < n; ++j) y[j] = to[j - i];
}

struct Tanh {
  template <std::size_t Bytes, class Real>
  [[gnu::always_inline]] static void run(std::size_t n, const Real* x, Real* y) {
    map_packs<Bytes>(
        n, x, y, [](const auto& pack) __attribute__((always_inline)) { return math::detail::tanh(pack); });
  }
};

struct TanhGradient {
  template <std::size_t, class Real>
  [[gnu::always_inline]] static void run(std::size_t n, const Real* __restrict y, const Real* __restrict dy,
                                         Real* __restrict dx) {
    for (std::size_t i = 0; i < n; ++i) {
      const double value = static_cast<double>(y[i]);
      dx[i] = static_cast<Real>(static_cast<double>(dy[i]) * (1.0 - value * value));
    }
  }
};

struct Relu {
  template <std::size_t, class Real>
  [[gnu::always_inline]] static void run(std::size_t n, const Real* __restrict x, Real* __restrict y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = x[i] > Real(0) ? x[i] : Real(0);
  }
};

struct ReluGradient {
  template <std::size_t, class Real>
  [[gnu::always_inline]] static void run(std::size_t n, const Real* __restrict y, const Real* __restrict dy,
                                         Real* __restrict dx) {
    for (std::size_t i = 0; i < n; ++i) dx[i] = dy[i] * (y[i] > Real(0) ? Real(1) : Real(0));
  }
};

struct ScaledProduct {
  template <std::size_t, class Real>
  [[gnu::always_inline]] static void run(std::size_t n, const Real* __restrict a, const Real* __restrict b,
                                         double factor, Real* __restrict y) {
    for (std::size_t i = 0; i < n; ++i)
      y[i] = static_cast<Real>(static_cast<double>(a[i]) * static_cast<double>(b[i]) * factor);
  }
};

struct TanhAngles {
  template <std::size_t Bytes, class Real>
  [[gnu::always_inline]] static void run(std::size_t n, const Real* z, double gain, double middle,
                                         double half_width, Real* angles, Real* slopes) {
    using P = Pack<Bytes, side_by_side>;
    const auto both = [&](const Real* from, Real* angle, Real* slope) __attribute__((always_inline)) {
      const P t = math::detail::tanh(gain * P::load(from));
      (middle + half_width * t).store(angle);
      (half_width * (1.0 - t * t)).store(slope);
    };
    std::size_t i = 0;
    for (; i + P::size <= n; i += P::size) both(z + i, angles + i, slopes + i);
    if (i == n) return;
    Real from[P::size] = {}, angle[P::size], slope[P::size];
    for (std::size_t j = i; j < n; ++j) from[j - i] = z[j];
    both(from, angle, slope);
    for (std::size_t j = i; j < n; ++j) {
      angles[j] = angle[j - i];
      slopes[j] = slope[j - i];
    }
  }
};

struct SoftplusAndSigmoid {
  template <std::size_t Bytes>
  [[gnu::always_inline]] static void run(std::size_t n, const double* x, double* softplus, double* sigmoid) {
    using P = Pack<Bytes, side_by_side / 2>;
    const auto both = [](const double* from, double* plus, double* sig) __attribute__((always_inline)) {
      const P logits = P::load(from), z = math::detail::exp(-absolute(logits));
      math::detail::softplus(logits, z).store(plus);
      math::detail::sigmoid(logits, z).store(sig);
    };
    std::size_t i = 0;
    for (; i + P::size <= n; i += P::size) both(x + i, softplus + i, sigmoid + i);
    if (i == n) return;
    double from[P::size] = {}, plus[P::size], sig[P::size];
    for (std::size_t j = i; j < n; ++j) from[j - i] = x[j];
    both(from, plus, sig);
    for (std::size_t j = i; j < n; ++j) {
      softplus[j] = plus[j - i];
      sigmoid[j] = sig[j - i];
    }
  }
};

struct Logistic {
  template <std::size_t>
  [[gnu::always_inline]] static void run(std::size_t rows, std::size_t columns,
                                         const float* __restrict labels, const double* __restrict logits,
                                         const double* __restrict negative, const double* __restrict positive,
                                         double* __restrict losses, double* __restrict gradient) {
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t first = row * columns;
      for (std::size_t c = 0; c < columns; ++c) {
        const auto label = static_cast<double>(labels[first + c]);
        const double y = label > 0.5 ? 1.0 : 0.0, weight = label > 0.5 ? positive[c] : negative[c];
        const double loss = weight * (losses[first + c] - y * logits[first + c]);
        const double slope = weight * (gradient[first + c] - y);
        losses[first + c] = label == label ? loss : 0.0;
        gradient[first + c] = label == label ? slope : 0.0;
      }
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

void logistic_each(std::size_t columns, std::span<const float> labels, std::span<const double> logits,
                   std::span<const double> negative, std::span<const double> positive,
                   std::span<double> losses, std::span<double> gradient) {
  run_widest<Logistic>(logits.size() / columns, columns, labels.data(), logits.data(), negative.data(),
                       positive.data(), losses.data(), gradient.data());
}

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
void standardise_each(std::span<const float> x, std::span<const double> mean, std::span<const double> inverse,
                      std::span<Real> y) {
  run_widest<Standardise>(x.size(), x.data(), mean.data(), inverse.data(), y.data());
}
template void standardise_each(std::span<const float>, std::span<const double>, std::span<const double>,
                               std::span<float>);
template void standardise_each(std::span<const float>, std::span<const double>, std::span<const double>,
                               std::span<double>);

template <class Real>
void tanh_each(std::span<const Real> x, std::span<Real> y) {
  run_widest<Tanh>(x.size(), x.data(), y.data());
}
template void tanh_each(std::span<const float>, std::span<float>);
template void tanh_each(std::span<const double>, std::span<double>);

template <class Real>
void tanh_gradient_each(std::span<const Real> y, std::span<const Real> dy, std::span<Real> dx) {
  run_widest<TanhGradient>(y.size(), y.data(), dy.data(), dx.data());
}
template void tanh_gradient_each(std::span<const float>, std::span<const float>, std::span<float>);
template void tanh_gradient_each(std::span<const double>, std::span<const double>, std::span<double>);

template <class Real>
void relu_each(std::span<const Real> x, std::span<Real> y) {
  run_widest<Relu>(x.size(), x.data(), y.data());
}
template void relu_each(std::span<const float>, std::span<float>);
template void relu_each(std::span<const double>, std::span<double>);

template <class Real>
void relu_gradient_each(std::span<const Real> y, std::span<const Real> dy, std::span<Real> dx) {
  run_widest<ReluGradient>(y.size(), y.data(), dy.data(), dx.data());
}
template void relu_gradient_each(std::span<const float>, std::span<const float>, std::span<float>);
template void relu_gradient_each(std::span<const double>, std::span<const double>, std::span<double>);

template <class Real>
void tanh_angles_each(std::span<const Real> z, double gain, double middle, double half_width,
                      std::span<Real> angles, std::span<Real> slopes) {
  run_widest<TanhAngles>(z.size(), z.data(), gain, middle, half_width, angles.data(), slopes.data());
}
template void tanh_angles_each(std::span<const float>, double, double, double, std::span<float>,
                               std::span<float>);
template void tanh_angles_each(std::span<const double>, double, double, double, std::span<double>,
                               std::span<double>);

template <class Real>
void scaled_product_each(std::span<const Real> a, std::span<const Real> b, double factor, std::span<Real> y) {
  run_widest<ScaledProduct>(a.size(), a.data(), b.data(), factor, y.data());
}
template void scaled_product_each(std::span<const float>, std::span<const float>, double, std::span<float>);
template void scaled_product_each(std::span<const double>, std::span<const double>, double,
                                  std::span<double>);

void softplus_and_sigmoid_each(std::span<const double> x, std::span<double> softplus,
                               std::span<double> sigmoid) {
  run_widest<SoftplusAndSigmoid>(x.size(), x.data(), softplus.data(), sigmoid.data());
}

}  // namespace qmtl
