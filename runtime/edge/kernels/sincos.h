#pragma once

#include "from_bits.h"
#include "to_bits.h"

/* pair = cos x, sin x, below 1.5e-7 off for |x| < 5000. There a float holds an angle to 2e-4 already; beyond,
   both are NaN, as the angle of a sum no longer says what was meant. Cody-Waite reduction by pi/2 in three
   parts and the polynomials of Cephes (Moshier) sinf and cosf. */
static void qe_sincos(float x, float* pair) {
  const float shifted = x * 0.636619772f + 12582912.0f; /* 1.5 * 2^23: the low bits are the integer */
  const float k = shifted - 12582912.0f;
  const uint32_t quadrant = qe_to_bits(shifted) & 3u;
  const uint32_t far = (qe_to_bits(x) & 0x7fffffffu) >= 0x459c4000u; /* 5000 */
  const float r = far ? qe_from_bits(0x7fc00000u)
                      : ((x - k * 1.5703125f) - k * 4.837512969970703125e-4f) - k * 7.54978995489188216e-8f;
  const float r2 = r * r;
  const float s = r + r * (r2 * (-1.6666654611e-1f + r2 * (8.3321608736e-3f + r2 * -1.9515295891e-4f)));
  const float c =
      1.0f - (0.5f * r2 -
              r2 * r2 * (4.166664568298827e-2f + r2 * (-1.388731625493765e-3f + r2 * 2.443315711809948e-5f)));
  const float cosine = quadrant & 1u ? s : c, sine = quadrant & 1u ? c : s;
  pair[0] = (quadrant + 1u) & 2u ? -cosine : cosine;
  pair[1] = quadrant & 2u ? -sine : sine;
}
