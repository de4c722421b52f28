#pragma once

#include <stdint.h>

static float qe_from_bits(uint32_t bits) {
  union {
    uint32_t bits;
    float value;
  } both;
  both.bits = bits;
  return both.value;
}
