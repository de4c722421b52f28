#pragma once

#include "parity.h"
#include "signs.h"

/* Values of Pauli strings on a state, without the factor 2 or -2 of those with an X mask; pairs as in
   rotate.h. Partial sums keep rounding errors small for thousands of amplitudes. */
static void qe_expect(const float* state, float* y, uint32_t qubits, uint32_t is_complex,
                      const uint32_t* string, uint32_t strings) {
  const uint32_t amplitudes = 1u << qubits;
  const float *re = state, *im = is_complex ? state + amplitudes : 0;
  for (; strings; --strings, ++string) {
    const uint32_t x = *string & 0xffffu, z = *string >> 16;
    const uint32_t below = (x & (0u - x)) - 1u, odd = qe_parity(x & z);
    const uint32_t pairs = x ? amplitudes >> 1 : amplitudes, run = x ? below + 1u : pairs;
    const uint32_t z_of_pair = (z & below) | (z >> 1 & ~below), low_signs = qe_signs(z_of_pair);
    float sum = 0.0f, part = 0.0f;
    uint32_t k = 0, signs = 0;
    do {
      const uint32_t a = (k & ~below) << 1 | (k & below), b = a ^ x, end = k + run;
      const float *p = re + a, *q = (odd ? im : re) + b, *u = im ? im + a : 0, *v = (odd ? re : im) + b;
      do {
        float value = *p++ * *q++;
        if ((k & 31u) == 0) {
          sum = sum + part;
          part = 0.0f;
          signs = qe_parity(k & z_of_pair) ? ~low_signs : low_signs;
        }
        if (u) {
          const float other = *u++ * *v++;
          value = odd ? value - other : value + other;
        }
        part = signs & 1u ? part - value : part + value;
        signs >>= 1;
      } while (++k != end);
    } while (k != pairs);
    *y++ = sum + part;
  }
}
