#pragma once

#include <stdint.h>

static uint32_t qe_to_bits(float value) {
  union {
    uint32_t bits;
    float value;
  } both;
  both.value = value;
  return both.bits;
}
