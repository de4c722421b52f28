// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/program.h"

namespace qmtl {

/// a + b. Coefficients that cancel up to rounding are dropped.
AngleSum operator+(const AngleSum& a, const AngleSum& b);
AngleSum operator-(const AngleSum& angle);

/// Whether the angle is a multiple of 2 pi (to 1e-12) whatever the inputs: its RZ is a global phase.
bool is_full_turn(const AngleSum& angle);

/// The same rotation up to a global phase with its constant in (-pi, pi].
AngleSum reduced(AngleSum angle);

}  // namespace qmtl
