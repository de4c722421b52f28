// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace qmtl {

// Functions of math.h for many numbers: the same bits on every instruction set, several at once where it has
// registers for them (AVX-512: about seven times as fast).

/// x[i] = math::tanh(x[i]).
void tanh_each(std::span<double> x);

/// math::softplus_and_sigmoid of every x; the results are as many as x and may not overlap it.
void softplus_and_sigmoid_each(std::span<const double> x, std::span<double> softplus,
                               std::span<double> sigmoid);

/// Whether no number is NaN or infinite.
bool all_finite(std::span<const double> x);

/// The sum of squares in eight lanes, x[i] going to lane i mod 8, and of the lanes by halving.
double sum_of_squares(std::span<const double> x);

/// y[i] = (x[i] - mean[i]) inverse[i], rounded once, in lengths of x.
template <class Real>
void standardise_each(std::span<const float> x, const double* mean, const double* inverse, Real* y);

}  // namespace qmtl
