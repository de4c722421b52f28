#pragma once

#include "expm1_over.h"
#include "power_of_two.h"
#include "rom.h"

/* y[i] = q + p tanh(g x[i]) with (g, p, q) = map; y may be x. */
static void qe_tanh(const float* x, float* y, uint32_t count, const QE_ROM float* map) {
  uint32_t i;
  for (i = 0; i < count; ++i) {
    const float u = map[0] * x[i];
    const float size = u < 0.0f ? -u : u;
    const float twice = size < 9.1f ? size + size : 18.2f; /* tanh 9.1 rounds to 1 */
    const float shifted = twice * 1.44269504f + 12582912.0f, k = shifted - 12582912.0f;
    const float r = (twice - k * 0.693359375f) - k * -2.12194440e-4f;
    const float scale = qe_power_of_two(shifted);
    const float e = scale * (r * qe_expm1_over(r)) + (scale - 1.0f); /* e^(2 size) - 1 */
    const float t = e / (e + 2.0f);
    y[i] = map[2] + map[1] * (u < 0.0f ? -t : t);
  }
}
