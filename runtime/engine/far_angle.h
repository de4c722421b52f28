// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <span>

namespace qmtl::engine {

/// x less whole turns, in [-pi, pi], to 1e-15, for any |x| >= 1: in whole numbers (Payne and Hanek 1983), so
/// the same on every machine. NaN for NaN and infinities.
double near_angle(double x);

/// Where angles lose their whole turns. These turn a state's sign at most; with them a trained angle that is
/// added would be lost in what single precision holds, and beyond 1e5 sine and cosine would be.
inline constexpr double far_angle = 1000;

/// Takes whole turns from the angles of that size and more.
template <class Real>
void take_near(std::span<Real> angles) {
  for (Real& angle : angles)
    if (!(std::abs(angle) < Real(far_angle)))
      angle = static_cast<Real>(near_angle(static_cast<double>(angle)));
}

}  // namespace qmtl::engine
