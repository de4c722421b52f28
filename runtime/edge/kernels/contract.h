#pragma once

/* Bits must not depend on the caller's flags: no fused multiply-add where two roundings are written. */
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
