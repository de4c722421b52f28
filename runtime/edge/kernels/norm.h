#pragma once

#include "from_bits.h"
#include "rom.h"
#include "to_bits.h"

/* Layer normalisation. 1 / sqrt by Newton's method from the exponent's halving; x > 1e-5 here. */
static void qe_norm(const float* x, float* y, uint32_t count, const QE_ROM float* gain,
                    const QE_ROM float* bias) {
  float mean = 0.0f, variance = 0.0f, inverse;
  uint32_t i;
  for (i = 0; i < count; ++i) mean = mean + x[i];
  mean = mean / (float)count;
  for (i = 0; i < count; ++i) variance = variance + (x[i] - mean) * (x[i] - mean);
  variance = variance / (float)count + 1e-5f;
  inverse = qe_from_bits(0x5f3759dfu - (qe_to_bits(variance) >> 1));
  for (i = 0; i < 4; ++i) inverse = inverse * (1.5f - 0.5f * variance * inverse * inverse);
  for (i = 0; i < count; ++i) y[i] = (x[i] - mean) * inverse * gain[i] + bias[i];
}
