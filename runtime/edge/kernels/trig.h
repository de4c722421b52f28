#pragma once

#include "sincos.h"

static void qe_trig(const float* x, float* y, uint32_t count, float factor) {
  uint32_t i;
  for (i = 0; i < count; ++i) qe_sincos(factor * x[i], y + 2u * i);
}
