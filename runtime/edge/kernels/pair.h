#pragma once

#include <stdint.h>

static void qe_pair(const float* a, const float* b, float* y, uint32_t count) {
  uint32_t i;
  for (i = 0; i < count; ++i) {
    const float distance = a[i] - b[i];
    y[i] = a[i];
    y[count + i] = b[i];
    y[2u * count + i] = distance < 0.0f ? -distance : distance;
    y[3u * count + i] = a[i] * b[i];
  }
}
