#pragma once

#include <stdint.h>

#include "rom.h"

/* y[i] = q + p atan(g x[i]) with (g, p, q) = map; y may be x. Polynomial of Cephes (Moshier) atanf. */
static void qe_atan(const float* x, float* y, uint32_t count, const QE_ROM float* map) {
  uint32_t i;
  for (i = 0; i < count; ++i) {
    const float u = map[0] * x[i];
    const float size = u < 0.0f ? -u : u;
    const float t = size > 2.41421356f   ? -1.0f / size
                    : size > 0.41421356f ? (size - 1.0f) / (size + 1.0f)
                                         : size;
    const float begin = size > 2.41421356f ? 1.57079633f : size > 0.41421356f ? 0.785398163f : 0.0f;
    const float t2 = t * t;
    const float angle =
        begin +
        (t + t * (t2 * (-3.33329491539e-1f +
                        t2 * (1.99777106478e-1f + t2 * (-1.38776856032e-1f + t2 * 8.05374449538e-2f)))));
    y[i] = map[2] + map[1] * (u < 0.0f ? -angle : angle);
  }
}
