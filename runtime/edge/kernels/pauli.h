#pragma once

#include <stdint.h>

#include "rom.h"

/* Sums of products of cosines and sines: `node` walks their tree, `stack` holds the products from its root.
 */
static void qe_pauli(const float* factor, float* stack, float* y, uint32_t values, uint32_t nodes,
                     const QE_ROM float* start, const QE_ROM float* coefficient, const QE_ROM uint32_t* node,
                     const QE_ROM uint32_t* value) {
  uint32_t i, leaf = 0;
  for (i = 0; i < values; ++i) y[i] = start[i];
  stack[0] = 1.0f;
  for (i = 0; i < nodes; ++i) {
    float* top = stack + (node[i] >> 24);
    const float product = top[0] * factor[node[i] & 0xffffu];
    const uint32_t end = leaf + (node[i] >> 16 & 0xffu);
    top[1] = product;
    for (; leaf < end; ++leaf) {
      float* sum = y + (value[leaf >> 1] >> (leaf & 1u ? 16 : 0) & 0xffffu);
      *sum = *sum + coefficient[leaf] * product;
    }
  }
}
