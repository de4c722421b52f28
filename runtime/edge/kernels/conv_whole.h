#pragma once

#include <stdint.h>

/* As conv, with whole numbers of a type as weights [outputs][channels][kernel][kernel], times a scale of each
   output. */
#define QE_CONV_WHOLE(name, whole)                                                                          \
  static void name(const float* x, float* y, uint32_t channels, uint32_t height, uint32_t width,            \
                   uint32_t outputs, uint32_t kernel, uint32_t stride, uint32_t padding, const float* bias, \
                   const float* scale, const whole* w) {                                                    \
    const uint32_t rows = (height + 2u * padding - kernel) / stride + 1u;                                   \
    const uint32_t columns = (width + 2u * padding - kernel) / stride + 1u;                                 \
    uint32_t j, i, k, c, down, right;                                                                       \
    for (j = 0; j < outputs; ++j, w += channels * kernel * kernel)                                          \
      for (i = 0; i < rows; ++i)                                                                            \
        for (k = 0; k < columns; ++k) {                                                                     \
          const whole* weight = w;                                                                          \
          float sum = 0.0f;                                                                                 \
          for (c = 0; c < channels; ++c) {                                                                  \
            float part = 0.0f;                                                                              \
            for (down = 0; down < kernel; ++down)                                                           \
              for (right = 0; right < kernel; ++right, ++weight) {                                          \
                /* Above or left of the image these wrap round to large numbers. */                         \
                const uint32_t row = i * stride + down - padding, column = k * stride + right - padding;    \
                if (row < height && column < width)                                                         \
                  part = part + (float)*weight * x[(c * height + row) * width + column];                    \
              }                                                                                             \
            sum = sum + part;                                                                               \
          }                                                                                                 \
          *y++ = bias[j] + sum * scale[j];                                                                  \
        }                                                                                                   \
  }
