#pragma once

#include "parity.h"
#include "prefix.h"

/* A plane rotation of two numbers. */
static void qe_turn(float* p, float* q, float c, float s) {
  const float first = *p, second = *q;
  *p = c * first - s * second;
  *q = c * second + s * first;
}

/* exp(-i angle P / 2) on a state, cosine and sine of half the angle. P pairs amplitude a with a xor (X mask):
   a plane rotation of the real parts and one of the imaginary parts if P has an odd number of Y, else of real
   with imaginary parts. Imaginary parts lie behind the real ones, so that the highest bit of a place chooses
   between them. a goes through the numbers without the X mask's lowest bit; without an X mask amplitudes are
   their own partners. */
static void qe_rotate(float* state, uint32_t amplitudes, uint32_t is_complex, uint32_t string, float c,
                      float s) {
  const uint32_t x = string & 0xffffu, z = string >> 16, low = x & (0u - x), flips = qe_prefix(z & ~low);
  const uint32_t odd = qe_parity(x & z), partner = odd ? x : x ^ amplitudes;
  const uint32_t second = !is_complex ? 0
                          : odd       ? amplitudes
                                      : x; /* where the second rotation is; 0: nowhere */
  uint32_t a = 0, next;
  float f = odd ? s : -s; /* times (-1)^(bits of a and z) */
  do {
    const uint32_t b = a ^ second;
    qe_turn(state + a, state + (a ^ partner), c, f);
    if (second) qe_turn(state + b, state + (b ^ partner), c, f);
    next = ((a | low) + 1u) & ~low;
    if (next & ~a & flips) f = -f;
    a = next;
  } while (a < amplitudes);
}
