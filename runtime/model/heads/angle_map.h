// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/base/math.h"
#include "runtime/circuit/gates.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// An angle in radians and its derivative with respect to u = gain * z.
struct Angle {
  double value, slope;
};

inline bool uses_tanh(AngleMap map) { return map == AngleMap::shift_tanh || map == AngleMap::pi_tanh; }

/// `x` is tanh u where the map uses it (which is faster for many at once: elementwise.h), else u.
inline Angle angle_of(AngleMap map, double x) {
  switch (map) {
    case AngleMap::shift_tanh:
      return {half_pi + half_pi * x, half_pi * (1.0 - x * x)};
    case AngleMap::shift_atan:
      return {half_pi + math::atan(x), 1.0 / (1.0 + x * x)};
    case AngleMap::pi_tanh:
      return {math::pi * x, math::pi * (1.0 - x * x)};
    case AngleMap::linear:
      break;
  }
  return {x, 1.0};
}

}  // namespace qmtl
