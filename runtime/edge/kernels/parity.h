#pragma once

#include <stdint.h>

/* Whether an odd number of the low 16 bits is set. */
static uint32_t qe_parity(uint32_t bits) {
  bits ^= bits >> 8;
  bits ^= bits >> 4;
  return 0x6996u >> (bits & 15u) & 1u;
}
