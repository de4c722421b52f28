// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace qmtl {

/// SIMD targets in order of preference; `best` is the best one of this machine.
enum class SimdTarget { best, avx512, avx2, sse4, scalar };

std::string_view name(SimdTarget target);
/// "fused" or "separate": how kernels of this target round a multiply-add. Targets that round alike give the
/// same bits.
std::string_view rounding_of(SimdTarget target);
SimdTarget parse_simd_target(std::string_view text);
/// Targets that this machine can run and the library was built for, best first.
std::vector<SimdTarget> available_targets();

}  // namespace qmtl
