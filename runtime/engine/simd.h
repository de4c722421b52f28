#pragma once

#include "runtime/engine/engine.h"
#include "runtime/engine/kernels.h"

namespace qmtl::engine {

/// Kernels compiled for that target. Throws Error (usage) naming the available ones if this machine lacks it.
template <class Real>
const KernelTable<Real>& kernels_for(SimdTarget target);

/// The best target's kernels in double, for what happens once per step. The engine's own sine: libm's differs
/// between processors.
const KernelTable<double>& step_math();

/// The target that a kernel table says it was compiled for.
SimdTarget target_of(std::int64_t highway_target);

}  // namespace qmtl::engine
