#pragma once

#include <stdint.h>

/* Bit i: whether an odd number of z's bits 0 .. i is set. Counting up from a to b turns a's bits up to the
   one that becomes set, so that this bit tells whether (-1)^(bits of a and z) changes. */
static uint32_t qe_prefix(uint32_t z) {
  z ^= z << 1;
  z ^= z << 2;
  z ^= z << 4;
  return z ^ z << 8;
}
