#pragma once

#include "parity.h"
#include "signs.h"

/* exp(-i angle P / 2) on the state re, im (im = 0 of a real state), cosine and sine of half the angle. P
   pairs amplitude y with y xor (X mask): a plane rotation of the real parts and one of the imaginary parts if
   P has an odd number of Y, else of real with imaginary parts. Pairs are numbered by y without the X mask's
   lowest bit; both of a pair's places go up by one as long as the bits below that one do not overflow. */
static void qe_rotate(float* re, float* im, uint32_t amplitudes, uint32_t string, float c, float s) {
  const uint32_t x = string & 0xffffu, z = string >> 16;
  const uint32_t below = (x & (0u - x)) - 1u; /* the bits below x's lowest one; all if x = 0 */
  const uint32_t odd = qe_parity(x & z);
  const uint32_t pairs = x ? amplitudes >> 1 : amplitudes, run = x ? below + 1u : pairs;
  const uint32_t z_of_pair = (z & below) | (z >> 1 & ~below), low_signs = qe_signs(z_of_pair);
  uint32_t k = 0, signs = 0;
  if (odd) s = -s;
  do {
    const uint32_t a = (k & ~below) << 1 | (k & below), b = a ^ x, end = k + run;
    float *p = re + a, *q = (odd ? re : im) + b, *u = 0, *v = 0;
    /* The second rotation's angle is minus the first's where real and imaginary parts mix: it swaps its
     * places. */
    if (im && x) {
      u = odd ? im + a : re + b;
      v = odd ? im + b : im + a;
    }
    do {
      float f, first, second;
      if ((k & 31u) == 0) signs = qe_parity(k & z_of_pair) ? ~low_signs : low_signs;
      f = signs & 1u ? s : -s;
      signs >>= 1;
      first = *p;
      second = *q;
      *p++ = c * first - f * second;
      *q++ = c * second + f * first;
      if (u) {
        first = *u;
        second = *v;
        *u++ = c * first - f * second;
        *v++ = c * second + f * first;
      }
    } while (++k != end);
  } while (k != pairs);
}
