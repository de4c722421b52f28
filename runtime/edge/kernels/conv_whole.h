#pragma once

#include "rom.h"
#include "window.h"

/* As conv, with whole numbers of a type as weights [outputs][channels][kernel][kernel], times a scale of each
   output. */
#define QE_CONV_WHOLE(name, whole)                                                                          \
  static void name(const float* x, float* y, uint32_t channels, uint32_t height, uint32_t width,            \
                   uint32_t outputs, uint32_t kernel, uint32_t stride, uint32_t padding,                    \
                   const QE_ROM float* bias, const QE_ROM float* scale, const QE_ROM whole* w) {            \
    const uint32_t rows = (height + 2u * padding - kernel) / stride + 1u;                                   \
    const uint32_t columns = (width + 2u * padding - kernel) / stride + 1u;                                 \
    uint32_t j, i, k, c, d, n;                                                                              \
    for (j = 0; j < outputs; ++j, w += channels * kernel * kernel)                                          \
      for (i = 0; i < rows; ++i) {                                                                          \
        const uint32_t row = i * stride, top = qe_window_first(row, padding, kernel);                       \
        const uint32_t bottom = qe_window_last(row, padding, kernel, height);                               \
        for (k = 0; k < columns; ++k) {                                                                     \
          const uint32_t column = k * stride, left = qe_window_first(column, padding, kernel);              \
          const uint32_t right = qe_window_last(column, padding, kernel, width);                            \
          const uint32_t inside = top < bottom && left < right; /* else the window lies beside the image */ \
          const uint32_t down = inside ? bottom - top : 0u;                                                 \
          const QE_ROM whole* weight = w + top * kernel + left;                                             \
          uint32_t at = inside ? (row + top - padding) * width + (column + left - padding) : 0u;            \
          float sum = 0.0f;                                                                                 \
          for (c = 0; c < channels; ++c, at += height * width, weight += kernel * kernel) {                 \
            const float* line = x + at;                                                                     \
            const QE_ROM whole* weights = weight;                                                           \
            float part = 0.0f;                                                                              \
            for (d = down; d; --d, line += width, weights += kernel) {                                      \
              const float* from = line;                                                                     \
              const QE_ROM whole* by = weights;                                                             \
              for (n = right - left; n > 2u;                                                                \
                   n -= 3u, by += 3, from += 3) { /* windows of 3 and 5 are usual */                        \
                part = part + (float)by[0] * from[0];                                                       \
                part = part + (float)by[1] * from[1];                                                       \
                part = part + (float)by[2] * from[2];                                                       \
              }                                                                                             \
              for (; n; --n) part = part + (float)*by++ * *from++;                                          \
            }                                                                                               \
            sum = sum + part;                                                                               \
          }                                                                                                 \
          *y++ = bias[j] + sum * scale[j];                                                                  \
        }                                                                                                   \
      }                                                                                                     \
  }
