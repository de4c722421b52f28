#pragma once

#include "rotations.h"

/* Amplitudes of one qubit more: those with it 0, then those with it 1. */
static void qe_spread_complex(float* re, float* im, uint32_t half, const float* one) {
  const float re0 = one[0], re1 = one[1], im0 = one[2], im1 = one[3];
  const float* end = re + half;
  for (; re != end; ++re, ++im) {
    const float a = *re, b = *im;
    re[half] = a * re1 - b * im1;
    im[half] = a * im1 + b * re1;
    *re = a * re0 - b * im0;
    *im = a * im0 + b * re0;
  }
}

/* The product of `qubits` one-qubit states, each |0> after its rotations; bit 29 of a reference ends a qubit.
 */
static void qe_product(const float* sample_pairs, float* state, uint32_t qubits, uint32_t is_complex,
                       const QE_ROM float* fixed_pairs, const QE_ROM uint32_t* word) {
  const uint32_t amplitudes = (uint32_t)1 << qubits;
  float *re = state, *im = state + amplitudes;
  uint32_t half, y;
  re[0] = 1.0f;
  if (is_complex) im[0] = 0.0f;
  for (half = 1; half < amplitudes; half <<= 1) {
    float one[4]; /* re, re, im, im */
    one[0] = 1.0f;
    one[1] = one[2] = one[3] = 0.0f;
    do {
      qe_rotations(one, 2, 1, sample_pairs, fixed_pairs, word, 1);
      word += 2;
    } while (!(word[-1] >> 29 & 1u));
    if (is_complex)
      qe_spread_complex(re, im, half, one);
    else
      for (y = 0; y < half; ++y) {
        re[y + half] = re[y] * one[1];
        re[y] = re[y] * one[0];
      }
  }
}
