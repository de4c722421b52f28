// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "runtime/base/philox.h"

namespace qmtl {

/// What random programs draw their numbers for.
enum class DrawPurpose : std::uint32_t { twirling = 0x74776972u, cancellation = 0x63616e63u };

/// Random numbers of random programs: pure functions of seed, purpose and four numbers.
class Draws {
 public:
  Draws(std::uint64_t seed, DrawPurpose purpose) {
    const auto mixed =
        philox({static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), 0, 0},
               {static_cast<std::uint32_t>(purpose), 0x64726177u});
    key_ = {mixed[0], mixed[1]};
  }

  std::uint32_t bits(const std::array<std::uint32_t, 4>& at) const { return philox(at, key_)[0]; }
  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform(const std::array<std::uint32_t, 4>& at) const {
    const auto words = philox(at, key_);
    return static_cast<double>((std::uint64_t{words[0]} << 32 | words[1]) >> 11) * 0x1p-53;
  }

 private:
  std::array<std::uint32_t, 2> key_{};
};

}  // namespace qmtl
