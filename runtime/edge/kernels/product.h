#pragma once

#include "rotations.h"

/* The product of `qubits` one-qubit states, each |0> after its rotations; bit 29 of a reference ends a qubit.
 */
static void qe_product(const float* sample_pairs, float* state, uint32_t qubits, uint32_t is_complex,
                       const float* fixed_pairs, const uint32_t* word) {
  const uint32_t amplitudes = 1u << qubits;
  float *re = state, *im = state + amplitudes;
  uint32_t half, y;
  re[0] = 1.0f;
  if (is_complex) im[0] = 0.0f;
  for (half = 1; half < amplitudes; half <<= 1) {
    float one[4]; /* re, re, im, im */
    one[0] = 1.0f;
    one[1] = one[2] = one[3] = 0.0f;
    do {
      qe_rotations(one, one + 2, 2, sample_pairs, fixed_pairs, word, 1);
      word += 2;
    } while (!(word[-1] >> 29 & 1u));
    for (y = 0; y < half; ++y) {
      const float a = re[y];
      if (is_complex) {
        const float b = im[y];
        re[y] = a * one[0] - b * one[2];
        im[y] = a * one[2] + b * one[0];
        re[y + half] = a * one[1] - b * one[3];
        im[y + half] = a * one[3] + b * one[1];
      } else {
        re[y] = a * one[0];
        re[y + half] = a * one[1];
      }
    }
  }
}
