#pragma once

#include <stdint.h>

#include "rom.h"

static void qe_sparse(const float* x, float* y, uint32_t outputs, const QE_ROM float* start,
                      const QE_ROM float* coefficient, const QE_ROM uint32_t* entries,
                      const QE_ROM uint32_t* index) {
  uint32_t j, i;
  for (j = 0; j < outputs; ++j) {
    float sum = start[j];
    for (i = 0; i < entries[j]; ++i) sum = sum + *coefficient++ * x[*index++];
    y[j] = sum;
  }
}
