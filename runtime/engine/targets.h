// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which instruction sets the kernels are compiled for. Comes before any header of Highway.

// Portable code too, for machines and tests without vectors.
#define HWY_COMPILE_ALL_ATTAINABLE

#ifdef QMTL_SANITIZED
// Sanitised kernels take minutes to compile: one vector target and the portable one show the same accesses.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3 | HWY_AVX3_DL)
#else
// The two left out differ from their neighbours only in instructions that the kernels do not use.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#endif
