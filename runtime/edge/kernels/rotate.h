#pragma once

#include "parity.h"

/* exp(-i angle P / 2) on the state re, im (im = 0 of a real state), cosine and sine of half the angle. P
   pairs amplitude y with y xor (X mask): a plane rotation of the real parts and one of the imaginary parts if
   P has an odd number of Y, else of real with imaginary parts. */
static void qe_rotate(float* re, float* im, uint32_t amplitudes, uint32_t string, float c, float s) {
  const uint32_t x = string & 0xffffu, z = string >> 16;
  const uint32_t below = (x & (0u - x)) - 1u; /* the bits below x's lowest one; all if x = 0 */
  const uint32_t odd = qe_parity(x & z);
  const uint32_t pairs = x ? amplitudes >> 1 : amplitudes;
  float *re_partner = odd ? re : im, *im_partner = odd ? im : re;
  uint32_t k;
  for (k = 0; k < pairs; ++k) {
    const uint32_t a = (k & ~below) << 1 | (k & below), b = a ^ x;
    const float f = qe_parity(a & z) ^ odd ? s : -s;
    const float u = re[a], v = re_partner[b];
    re[a] = c * u - f * v;
    re_partner[b] = c * v + f * u;
    if (im && x) {
      const float g = odd ? f : -f, p = im[a], q = im_partner[b];
      im[a] = c * p - g * q;
      im_partner[b] = c * q + g * p;
    }
  }
}
