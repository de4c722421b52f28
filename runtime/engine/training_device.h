// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "runtime/circuit/plan/plan.h"

namespace qmtl {

/// The device that a circuit is trained for: how an engine runs it there. `strength`, 0 to 1, is how much of
/// the device's noise there is. Throws Error (usage) where the device cannot run that circuit. Empty: an
/// exact one.
using TrainingDevice =
    std::function<Plan(const Circuit& circuit, const PlanOptions& options, double strength)>;

}  // namespace qmtl
