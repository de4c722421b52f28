// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/noise/backend_properties.h"

namespace qmtl {

/// The device as it may be when it is used: a calibration is an estimate, and what it estimates moves. Every
/// listed number is multiplied by exp(uncertainty z), z standard normal, so that its median is what is
/// listed: T1, T2 and both readout errors of a qubit each by its own, the errors of all gates on one qubit by
/// one (they are calibrated as one pulse), those of all gates on a pair, in either direction, by one. What
/// does not work (an error of 1) and lengths stay. Errors end at 1 and readout errors at 1/2. The z depend on
/// seed, `draw` and the place alone. `uncertainty`: relative standard deviation, 0 (nothing moves) to 2;
/// throws Error (usage) for others.
BackendProperties drawn_properties(BackendProperties listed, double uncertainty, std::uint64_t seed,
                                   std::uint32_t draw);

}  // namespace qmtl
