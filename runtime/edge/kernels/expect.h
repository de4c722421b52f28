#pragma once

#include "parity.h"

/* Values of Pauli strings on a state, without the factor 2 or -2 of those with an X mask. Partial sums keep
   rounding errors small for thousands of amplitudes. */
static void qe_expect(const float* state, float* y, uint32_t qubits, uint32_t is_complex,
                      const uint32_t* string, uint32_t strings) {
  const uint32_t amplitudes = 1u << qubits;
  const float *re = state, *im = state + amplitudes;
  uint32_t j, k;
  for (j = 0; j < strings; ++j) {
    const uint32_t x = string[j] & 0xffffu, z = string[j] >> 16;
    const uint32_t below = (x & (0u - x)) - 1u, odd = qe_parity(x & z);
    const uint32_t pairs = x ? amplitudes >> 1 : amplitudes;
    float sum = 0.0f, part = 0.0f;
    for (k = 0; k < pairs; ++k) {
      const uint32_t a = (k & ~below) << 1 | (k & below), b = a ^ x;
      float value = re[a] * (odd ? im : re)[b];
      if (is_complex) value = odd ? value - im[a] * re[b] : value + im[a] * im[b];
      part = qe_parity(a & z) ? part - value : part + value;
      if ((k & 31u) == 31u) {
        sum = sum + part;
        part = 0.0f;
      }
    }
    y[j] = sum + part;
  }
}
