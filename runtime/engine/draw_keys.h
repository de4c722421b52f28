// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace qmtl {

/// Whose random numbers the samples of a call take, on a device that draws any.
struct DrawKeys {
  std::uint64_t seed = 0;
  std::int64_t step = 0;
  const std::size_t* samples = nullptr;  ///< each one's number; null: 0, 1, ...
};

}  // namespace qmtl
