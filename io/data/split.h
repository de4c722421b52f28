// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace qmtl {

/// Divides `rows` among train, validation and test: ordered by SHA-256 of "seed:row", the first share is for
/// training, so that a split depends on nothing but the seed and the rows' places. Writes split[row] for each
/// of them. Throws Error (usage), its message beginning with `where`, unless the fractions are in [0, 1] and
/// add up to 1 within rounding.
void split_rows(std::span<const std::size_t> rows, std::span<const double> fractions, std::int64_t seed,
                const std::string& where, std::span<std::uint8_t> split);

}  // namespace qmtl
