// SPDX-License-Identifier: Apache-2.0
#pragma once

// The instruction set that the including file is compiled for: kernels.cpp and unitary.cpp become one object
// for each of QMTL_SIMD_TARGETS (CMakeLists.txt), which names it as QMTL_SIMD_TARGET: avx512, avx2, sse4 or
// scalar. Comes before any header of Highway.

#define QMTL_HWY_avx512 HWY_AVX3
#define QMTL_HWY_avx2 HWY_AVX2
#define QMTL_HWY_sse4 HWY_SSE4
#define QMTL_HWY_scalar HWY_BASELINE_SCALAR

#define QMTL_JOIN_(a, b) a##b
#define QMTL_JOIN(a, b) QMTL_JOIN_(a, b)

#include "hwy/detect_targets.h"
#undef HWY_TARGET
#define HWY_TARGET QMTL_JOIN(QMTL_HWY_, QMTL_SIMD_TARGET)
