// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "runtime/base/math.h"
#include "runtime/circuit/gates.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// An angle in radians and its derivative with respect to u = gain * z.
struct Angle {
  double value, slope;
};

/// The maps middle + half_width tanh u, of which many at once are faster (elementwise.h).
struct TanhRange {
  double middle, half_width;
};
inline std::optional<TanhRange> tanh_range(AngleMap map) {
  if (map == AngleMap::shift_tanh) return TanhRange{half_pi, half_pi};
  if (map == AngleMap::pi_tanh) return TanhRange{-0.0, math::pi};  // adding -0 changes no number
  return std::nullopt;
}

inline Angle angle_of(AngleMap map, double u) {
  if (const auto range = tanh_range(map)) {
    const double t = math::tanh(u);
    return {range->middle + range->half_width * t, range->half_width * (1.0 - t * t)};
  }
  if (map == AngleMap::shift_atan) return {half_pi + math::atan(u), 1.0 / (1.0 + u * u)};
  return {u, 1.0};
}

}  // namespace qmtl
