// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "hardware/mitigation/readout.h"

namespace qmtl {

enum class ExtrapolationKind : std::uint8_t {
  linear,       ///< least squares line, weighted by the variances
  richardson,   ///< polynomial through all points
  exponential,  ///< a exp(-b factor), b >= 0; where the points are no such curve: linear
};
std::string_view name(ExtrapolationKind kind);
/// Throws Error (usage) listing the choices.
ExtrapolationKind parse_extrapolation(std::string_view text);

/// An expectation measured with so many times the noise.
struct NoisePoint {
  double factor = 1.0;  ///< FoldedProgram::factor
  Estimate estimate;
};

struct ZeroNoise {
  Estimate estimate;
  ExtrapolationKind used = ExtrapolationKind::linear;  ///< linear where exponential did not fit
};

/// The expectation at factor 0. Points of equal factor are averaged first; a single factor is returned as it
/// is. The exponential needs points of one sign that differ from 0 by two standard deviations and do not grow
/// with the noise. Variances are propagated to first order. Throws Error (usage) for no points.
ZeroNoise extrapolate(std::span<const NoisePoint> points, ExtrapolationKind kind);

}  // namespace qmtl
