#pragma once

#include "window.h"

/* As conv, with whole numbers of a type as weights [outputs][channels][kernel][kernel], times a scale of each
   output. */
#define QE_CONV_WHOLE(name, whole)                                                                          \
  static void name(const float* x, float* y, uint32_t channels, uint32_t height, uint32_t width,            \
                   uint32_t outputs, uint32_t kernel, uint32_t stride, uint32_t padding, const float* bias, \
                   const float* scale, const whole* w) {                                                    \
    const uint32_t rows = (height + 2u * padding - kernel) / stride + 1u;                                   \
    const uint32_t columns = (width + 2u * padding - kernel) / stride + 1u;                                 \
    uint32_t j, i, k, c, down, n;                                                                           \
    for (j = 0; j < outputs; ++j, w += channels * kernel * kernel)                                          \
      for (i = 0; i < rows; ++i) {                                                                          \
        const uint32_t row = i * stride, first = qe_window_first(row, padding, kernel);                     \
        const uint32_t last = qe_window_last(row, padding, kernel, height);                                 \
        for (k = 0; k < columns; ++k) {                                                                     \
          const uint32_t column = k * stride, left = qe_window_first(column, padding, kernel);              \
          const uint32_t right = qe_window_last(column, padding, kernel, width);                            \
          const uint32_t end = left < right ? last : first; /* no row of a window beside the image */       \
          float sum = 0.0f;                                                                                 \
          for (c = 0; c < channels; ++c) {                                                                  \
            float part = 0.0f;                                                                              \
            for (down = first; down < end; ++down) {                                                        \
              const whole* weight = w + (c * kernel + down) * kernel + left;                                \
              const float* from =                                                                           \
                  x + (c * height + row + down - padding) * width + (column + left - padding);              \
              for (n = left; n < right; ++n) part = part + (float)*weight++ * *from++;                      \
            }                                                                                               \
            sum = sum + part;                                                                               \
          }                                                                                                 \
          *y++ = bias[j] + sum * scale[j];                                                                  \
        }                                                                                                   \
      }                                                                                                     \
  }
