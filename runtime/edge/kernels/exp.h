#pragma once

#include "expm1_over.h"
#include "power_of_two.h"

/* e^x, with x taken into [-87, 88]; relative error below 2e-7. */
static float qe_exp(float x) {
  const float inside = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
  const float shifted = inside * 1.44269504f + 12582912.0f, k = shifted - 12582912.0f;
  const float r = (inside - k * 0.693359375f) - k * -2.12194440e-4f;
  return (1.0f + r * qe_expm1_over(r)) * qe_power_of_two(shifted);
}
