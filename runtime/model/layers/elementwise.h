// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace qmtl {

// Functions of math.h for many numbers: the same bits on every instruction set, several at once where it has
// registers for them (AVX-512: about seven times as fast).

/// y[i] = math::tanh(x[i]), rounded once; y may be x.
template <class Real>
void tanh_each(std::span<const Real> x, std::span<Real> y);

/// dx[i] = dy[i] (1 - y[i]^2), in double and rounded once: back through y = tanh x.
template <class Real>
void tanh_gradient_each(std::span<const Real> y, std::span<const Real> dy, std::span<Real> dx);

/// y[i] = x[i] where that is above 0, else 0.
template <class Real>
void relu_each(std::span<const Real> x, std::span<Real> y);

/// dx[i] = dy[i] where y[i] is above 0, else dy[i] times 0: back through y = relu x.
template <class Real>
void relu_gradient_each(std::span<const Real> y, std::span<const Real> dy, std::span<Real> dx);

/// With t = tanh(gain z[i]) angles[i] = middle + half_width t and slopes[i] = half_width (1 - t^2), in double
/// and rounded once.
template <class Real>
void tanh_angles_each(std::span<const Real> z, double gain, double middle, double half_width,
                      std::span<Real> angles, std::span<Real> slopes);

/// y[i] = a[i] b[i] factor, in double and rounded once.
template <class Real>
void scaled_product_each(std::span<const Real> a, std::span<const Real> b, double factor, std::span<Real> y);

/// math::softplus_and_sigmoid of every x; the results are as many as x and may not overlap it.
void softplus_and_sigmoid_each(std::span<const double> x, std::span<double> softplus,
                               std::span<double> sigmoid);

/// Logistic losses of rows of logits from their softplus and sigmoid: with y = 1 where a label is above one
/// half, else 0, losses = w (softplus - y logit) and gradient = w (sigmoid - y), both 0 where a label is NaN.
/// w is negative[column] or positive[column]. `losses` and `gradient` hold softplus and sigmoid before.
void logistic_each(std::size_t columns, std::span<const float> labels, std::span<const double> logits,
                   std::span<const double> negative, std::span<const double> positive,
                   std::span<double> losses, std::span<double> gradient);

/// Whether no number is NaN or infinite.
bool all_finite(std::span<const double> x);

/// The sum of squares in eight lanes, x[i] going to lane i mod 8, and of the lanes by halving.
double sum_of_squares(std::span<const double> x);

/// y[i] = (x[i] - mean[i]) inverse[i], rounded once, in lengths of x.
template <class Real>
void standardise_each(std::span<const float> x, std::span<const double> mean, std::span<const double> inverse,
                      std::span<Real> y);

}  // namespace qmtl
