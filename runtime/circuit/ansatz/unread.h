// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/circuit/ansatz/ansatz.h"

namespace qmtl {

/// Throws Error (usage) where layers by hand leave an input without a gate or an encoding that reads it,
/// below the largest that is read or declared: naming the first layer that begins behind such a gap. What is
/// in front of a circuit is as wide as its inputs, so that the number would be computed for nothing. The
/// short forms and presets number their inputs without gaps.
void check_inputs_read(const AnsatzSpec& spec);

/// Once that is known, what programs declared is of no use: a model and what is read back from its text are
/// equal.
void forget_declared(std::vector<CircuitLayer>& layers);

}  // namespace qmtl
