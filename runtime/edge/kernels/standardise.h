#pragma once

#include <stdint.h>

#include "rom.h"

/* The mean is high + low: data far from 0 with a small deviation lose nothing. */
static void qe_standardise(const float* x, float* y, uint32_t count, const QE_ROM float* high,
                           const QE_ROM float* low, const QE_ROM float* factor) {
  uint32_t i;
  for (i = 0; i < count; ++i) y[i] = ((x[i] - high[i]) - low[i]) * factor[i];
}
