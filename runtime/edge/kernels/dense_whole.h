#pragma once

#include <stdint.h>

#include "rom.h"

/* As dense, with whole numbers of a type as weights, times a scale of each output. Four partial sums: less
   rounding, and fewer instructions a weight. */
#define QE_DENSE_WHOLE(name, whole)                                                                       \
  static void name(const float* x, float* y, uint32_t inputs, uint32_t outputs, const QE_ROM float* bias, \
                   const QE_ROM float* scale, const QE_ROM whole* w) {                                    \
    uint32_t i, j;                                                                                        \
    for (j = 0; j < outputs; ++j) {                                                                       \
      float p = 0.0f, q = 0.0f, r = 0.0f, s = 0.0f;                                                       \
      const float* from = x;                                                                              \
      for (i = inputs >> 2; i; --i, w += 4, from += 4) {                                                  \
        p = p + (float)w[0] * from[0];                                                                    \
        q = q + (float)w[1] * from[1];                                                                    \
        r = r + (float)w[2] * from[2];                                                                    \
        s = s + (float)w[3] * from[3];                                                                    \
      }                                                                                                   \
      for (i = inputs & 3u; i; --i) p = p + (float)*w++ * *from++;                                        \
      y[j] = bias[j] + ((p + q) + (r + s)) * scale[j];                                                    \
    }                                                                                                     \
  }
