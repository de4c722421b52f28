#pragma once

#include "exp.h"

/* x Phi(x) = x (1 + erf(x / sqrt 2)) / 2. Chebyshev interpolants of erf(t) / t in t^2 for |t| <= 1 and of
   erfc(t) e^(t^2) in (t - 2) / (t + 2) up to 4, from where erf rounds to 1. */
static void qe_gelu(const float* x, float* y, uint32_t count) {
  uint32_t i;
  for (i = 0; i < count; ++i) {
    const float t = x[i] * 0.707106781f, size = t < 0.0f ? -t : t, t2 = t * t;
    float erf = 1.0f;
    if (size <= 1.0f) {
      erf = size *
            (1.12837917f +
             t2 * (-0.376126269f +
                   t2 * (0.112835975f +
                         t2 * (-0.0268543288f +
                               t2 * (0.00518931195f + t2 * (-0.000801885505f + t2 * (7.88249732e-05f)))))));
    } else if (size < 4.0f) {
      const float s = (size - 2.0f) / (size + 2.0f);
      erf =
          1.0f - qe_exp(-t2) *
                     (0.255395676f +
                      s * (-0.427185847f +
                           s * (0.241658194f +
                                s * (-0.0789785801f +
                                     s * (0.00373291799f +
                                          s * (0.00699741703f +
                                               s * (-0.00084779866f +
                                                    s * (-0.000981055171f +
                                                         s * (5.05194146e-05f + s * (0.00016602996f))))))))));
    }
    y[i] = 0.5f * x[i] * (1.0f + (t < 0.0f ? -erf : erf));
  }
}
