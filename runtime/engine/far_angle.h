// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace qmtl::engine {

/// x less whole turns, in [-pi, pi], to 1e-15, for any |x| >= 1: in whole numbers (Payne and Hanek 1983), so
/// the same on every machine. NaN for NaN and infinities.
double near_angle(double x);

/// Takes whole turns from the angles of 1000 and more. They turn a state's sign at most; with them a trained
/// angle that is added would be lost in what single precision holds, and beyond 1e5 sine and cosine would be.
template <class Real>
void take_near(std::span<Real> angles) {
  constexpr Real far = 1000;
  bool all_near = true;
  for (Real angle : angles) all_near &= angle < far && angle > -far;
  if (all_near) return;
  for (Real& angle : angles)
    if (!(angle < far && angle > -far)) angle = static_cast<Real>(near_angle(static_cast<double>(angle)));
}

}  // namespace qmtl::engine
