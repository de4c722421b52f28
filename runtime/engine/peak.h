// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/engine/engine.h"

namespace qmtl {

/// Highest rate of fused multiply-adds that this machine reaches now on `threads` threads, in GFLOP/s (a
/// multiply-add counts as two operations), float32, with the instruction set given: the yardstick that
/// benchmarks print shares of. Takes about 0.1 s.
double fma_peak_gflops(int threads, SimdTarget target = SimdTarget::best);

}  // namespace qmtl
