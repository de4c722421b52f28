#pragma once

#include <stdint.h>

static void qe_sparse(const float* x, float* y, uint32_t outputs, const float* start,
                      const float* coefficient, const uint32_t* entries, const uint32_t* index) {
  uint32_t j, i;
  for (j = 0; j < outputs; ++j) {
    float sum = start[j];
    for (i = 0; i < entries[j]; ++i) sum = sum + *coefficient++ * x[*index++];
    y[j] = sum;
  }
}
