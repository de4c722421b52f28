#pragma once

/* Bits must not depend on the caller's flags: no fused multiply-add where two roundings are written. */
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

/* The same for compilers that compute floats in a wider type. */
#if defined(__FLT_EVAL_METHOD__) && (__FLT_EVAL_METHOD__ == 1 || __FLT_EVAL_METHOD__ == 2)
#error "floats are computed in double here: add -fexcess-precision=fast (s390x) or -mfpmath=sse -msse2 (32-bit x86)"
#endif
