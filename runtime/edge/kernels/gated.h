#pragma once

#include "exp.h"

/* Per number the mean of `branches` values, weighted by the softmax of their scores. */
static void qe_gated(const float* score, const float* value, float* y, uint32_t width, uint32_t branches) {
  uint32_t i, k;
  for (i = 0; i < width; ++i) {
    float largest = score[i], sum = 0.0f, weights = 0.0f;
    for (k = 1; k < branches; ++k) largest = score[k * width + i] > largest ? score[k * width + i] : largest;
    for (k = 0; k < branches; ++k) {
      const float weight = qe_exp(score[k * width + i] - largest);
      weights = weights + weight;
      sum = sum + weight * value[k * width + i];
    }
    y[i] = sum / weights;
  }
}
