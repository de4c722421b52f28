#pragma once

#include <stdint.h>

/* (-1)^(parity of k and z) for k = 0 .. 31, as bits from the lowest on. */
static uint32_t qe_signs(uint32_t z) {
  uint32_t signs = 0, known = 1;
  /* With each bit of z the next `known` signs are those so far, or their opposites. */
  for (; known < 32u; known <<= 1, z >>= 1) signs |= (signs ^ (0u - (z & 1u)) >> (32u - known)) << known;
  return signs;
}
