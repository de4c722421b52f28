#pragma once

#include "runtime/circuit/gates.h"
#include "runtime/model/math.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// An angle in radians and its derivative with respect to u = gain * z.
struct Angle {
  double value, slope;
};

inline Angle angle_of(AngleMap map, double u) {
  switch (map) {
    case AngleMap::shift_tanh: {
      const double t = math::tanh(u);
      return {half_pi + half_pi * t, half_pi * (1.0 - t * t)};
    }
    case AngleMap::shift_atan:
      return {half_pi + math::atan(u), 1.0 / (1.0 + u * u)};
    case AngleMap::pi_tanh: {
      const double t = math::tanh(u);
      return {math::pi * t, math::pi * (1.0 - t * t)};
    }
    case AngleMap::linear:
      break;
  }
  return {u, 1.0};
}

}  // namespace qmtl
