#pragma once

/* Bits must not depend on the caller's flags: no fused multiply-add where two roundings are written. */
#if defined(__clang__)
#pragma clang fp contract(off)
#if __clang_major__ >= 11
#pragma clang fp reassociate(off)
#endif
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

/* The same for compilers that compute floats in a wider type. */
#if defined(__FLT_EVAL_METHOD__) && (__FLT_EVAL_METHOD__ == 1 || __FLT_EVAL_METHOD__ == 2)
#error "floats are computed in double here: add -fexcess-precision=fast (s390x) or -mfpmath=sse -msse2 (32-bit x86)"
#endif

/* Nor by other rules: what rounds to whole numbers would be taken for nothing, NaN for a number. */
#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || \
    defined(_M_FP_FAST) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "fast-math gives wrong results here: add -fno-fast-math (or /fp:precise) for this file"
#endif
