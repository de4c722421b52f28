#pragma once

#include <stdint.h>

/* Windows of down x right side by side in every channel; rows and columns that fill no window are left out.
 */
static void qe_pool(const float* x, float* y, uint32_t channels, uint32_t height, uint32_t width,
                    uint32_t down, uint32_t right, uint32_t mean) {
  uint32_t c, i, k, r, s;
  for (c = 0; c < channels; ++c, x += height * width)
    for (i = 0; i + down <= height; i += down)
      for (k = 0; k + right <= width; k += right) {
        const float* window = x + i * width + k;
        float sum = 0.0f, largest = window[0];
        for (r = 0; r < down; ++r, window += width)
          for (s = 0; s < right; ++s) {
            sum = sum + window[s];
            largest = window[s] <= largest ? largest : window[s]; /* NaN stays */
          }
        *y++ = mean ? sum / (float)(down * right) : largest;
      }
}
