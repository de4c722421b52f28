#pragma once

#include "parity.h"
#include "prefix.h"
#include "rom.h"

/* Values of Pauli strings on a state, without the factor 2 or -2 of those with an X mask; pairs as in
   rotate.h. Partial sums of 32 keep rounding errors small for thousands of amplitudes. */
static void qe_expect(const float* state, float* y, uint32_t qubits, uint32_t is_complex,
                      const QE_ROM uint32_t* string, uint32_t strings) {
  const uint32_t amplitudes = (uint32_t)1 << qubits;
  for (; strings; --strings, ++string) {
    const uint32_t x = *string & 0xffffu, z = *string >> 16, low = x & (0u - x), flips = qe_prefix(z & ~low);
    const uint32_t odd = qe_parity(x & z), partner = odd ? x ^ amplitudes : x;
    uint32_t a = 0, minus = 0;
    float sum = 0.0f;
    do {
      float part = 0.0f;
      uint32_t end = 32;
      do {
        const uint32_t next = ((a | low) + 1u) & ~low;
        float value = state[a] * state[a ^ partner];
        if (is_complex) {
          const uint32_t b = a ^ amplitudes;
          const float other = state[b] * state[b ^ partner];
          value = odd ? value - other : value + other;
        }
        part = part + (minus ? -value : value);
        if (next & ~a & flips) minus = !minus;
        a = next;
      } while (--end && a < amplitudes);
      sum = sum + part;
    } while (a < amplitudes);
    *y++ = sum;
  }
}
