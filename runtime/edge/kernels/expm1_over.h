#pragma once

/* (e^r - 1) / r for |r| <= ln 2 / 2: Taylor series, remainder below 2e-8. */
static float qe_expm1_over(float r) {
  return 1.0f +
         r * (0.5f + r * (0.166666667f + r * (0.0416666667f + r * (0.00833333333f + r * 0.00138888889f))));
}
