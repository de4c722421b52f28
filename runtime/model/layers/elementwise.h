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

}  // namespace qmtl
