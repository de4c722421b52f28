#pragma once

#include <stdint.h>

/* All Z-strings at once: probabilities, then a Walsh-Hadamard transform in place; y may be the state. */
static void qe_spectrum(const float* state, float* y, uint32_t qubits, uint32_t is_complex) {
  const uint32_t amplitudes = (uint32_t)1 << qubits;
  const float* im = state + amplitudes;
  uint32_t a, half;
  for (a = 0; a < amplitudes; ++a) {
    float p = state[a] * state[a];
    if (is_complex) p = p + im[a] * im[a];
    y[a] = p;
  }
  for (half = 1; half < amplitudes; half <<= 1)
    for (a = 0; a < amplitudes; a += 2u * half) {
      float *low = y + a, *high = low + half;
      const float* end = high;
      do {
        const float u = *low, v = *high;
        *low++ = u + v;
        *high++ = u - v;
      } while (low != end);
    }
}
