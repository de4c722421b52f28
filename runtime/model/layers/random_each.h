// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "runtime/base/philox.h"

namespace qmtl {

// Random numbers of consecutive positions: the bits of RandomStream's one by one, several at once.

/// numbers[i] = stream.uniform of `first` with index first.index + i.
void uniform_each(const RandomStream& stream, Position first, std::span<double> numbers);

/// numbers[i] = stream.normal likewise.
void normal_each(const RandomStream& stream, Position first, std::span<double> numbers);

}  // namespace qmtl
