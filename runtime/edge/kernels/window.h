#pragma once

#include <stdint.h>

/* The part first .. last - 1 of a window of `kernel` places, `start - padding` places into an image of
   `size`, that lies on it. */
static uint32_t qe_window_first(uint32_t start, uint32_t padding, uint32_t kernel) {
  const uint32_t outside = start < padding ? padding - start : 0u;
  return outside < kernel ? outside : kernel;
}
static uint32_t qe_window_last(uint32_t start, uint32_t padding, uint32_t kernel, uint32_t size) {
  const uint32_t inside = start < size + padding ? size + padding - start : 0u;
  return inside < kernel ? inside : kernel;
}
