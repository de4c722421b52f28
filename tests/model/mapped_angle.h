// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "runtime/circuit/gates.h"
#include "runtime/model/spec.h"

namespace qmtl::test {

/// The angle maps by their definition.
inline double angle(AngleMap map, double u) {
  switch (map) {
    case AngleMap::shift_tanh:
      return half_pi + half_pi * std::tanh(u);
    case AngleMap::shift_atan:
      return half_pi + std::atan(u);
    case AngleMap::pi_tanh:
      return 2 * half_pi * std::tanh(u);
    default:
      return u;
  }
}

}  // namespace qmtl::test
