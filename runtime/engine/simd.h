// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/engine/engine.h"
#include "runtime/engine/kernels.h"
#include "runtime/engine/unitary.h"

namespace qmtl::engine {

/// Kernels compiled for that target. Throws Error (usage) naming the available ones if this machine lacks it.
template <class Real>
const KernelTable<Real>& kernels_for(SimdTarget target);

/// The same for what happens once a step.
template <class Real>
StepKernels<Real> step_kernels_for(SimdTarget target);

}  // namespace qmtl::engine
