#pragma once

#include <stdint.h>

#include "atan.h"
#include "from_bits.h"
#include "rom.h"
#include "to_bits.h"

/* By Newton's method as in norm; 0 for squares of numbers below 1e-15, where the largest is 1. */
static float qe_root(float x) {
  float inverse;
  uint32_t i;
  if (x < 1e-30f) return 0.0f;
  inverse = qe_from_bits(0x5f3759dfu - (qe_to_bits(x) >> 1));
  for (i = 0; i < 4; ++i) inverse = inverse * (1.5f - 0.5f * x * inverse * inverse);
  return x * inverse;
}

/* 2 atan2(right, left); 0 where both are 0. */
static float qe_node_angle(float right, float left) {
  static const QE_ROM float map[3] = {1.0f, 2.0f, 0.0f};
  const float full = 6.28318531f;
  const float across = right < 0.0f ? -right : right, along = left < 0.0f ? -left : left;
  float ratio, angle;
  if (across == 0.0f) return left < 0.0f ? full : 0.0f;
  ratio = across > along ? left / right : right / left;
  qe_atan(&ratio, &angle, 1, map);
  if (across > along) return (right < 0.0f ? -0.5f : 0.5f) * full - angle;
  if (left > 0.0f) return angle;
  return angle + (right < 0.0f ? -full : full);
}

/* A heap of 2^(qubits + 1): its leaves are x over the largest number, its nodes first their norms, then, from
   the root on, angles, and these level by level their Walsh transforms. */
static void qe_amplitudes(const float* x, float* y, uint32_t qubits) {
  const uint32_t leaves = (uint32_t)1 << qubits;
  uint32_t i, half, nodes;
  float unit = 0.0f;
  for (i = 0; i < leaves; ++i) {
    const float size = x[i] < 0.0f ? -x[i] : x[i];
    if (size > unit) unit = size;
  }
  y[0] = 0.0f;
  for (i = 0; i < leaves; ++i) y[leaves + i] = unit > 0.0f ? x[i] / unit : 0.0f;
  for (i = leaves - 1u; i > 0; --i) y[i] = qe_root(y[2u * i] * y[2u * i] + y[2u * i + 1u] * y[2u * i + 1u]);
  for (i = 1; i < leaves; ++i) y[i] = qe_node_angle(y[2u * i + 1u], y[2u * i]);
  for (nodes = 2; nodes < leaves; nodes *= 2u)
    for (half = 1; half < nodes; half *= 2u)
      for (i = nodes; i < 2u * nodes; ++i) {
        const float a = y[i], b = y[i + (i & half ? 0u : half)];
        if (i & half) continue;
        y[i] = a + b;
        y[i + half] = a - b;
      }
}
