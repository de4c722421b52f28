// SPDX-License-Identifier: Apache-2.0
/* Generated C on an 8-bit AVR and on this machine: the self test's code, then every bit of the outputs of some
   samples from a generator of whole numbers. On the AVR text goes to the first serial port. */

#include "model.h"

#ifdef __AVR__
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
static void put(char c) {
  while (!(UCSR0A & (1 << UDRE0))) {
  }
  UDR0 = (uint8_t)c;
}
#else
#include <stdio.h>
static void put(char c) { putchar(c); }
#endif

static void hex(uint32_t value) {
  int shift;
  for (shift = 28; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15u]);
  put('\n');
}

static uint32_t bits_of(float number) {
  union {
    float value;
    uint32_t bits;
  } both;
  both.value = number;
  return both.bits;
}

static float x[model_inputs], y[model_outputs], arena[model_arena];

int main(void) {
  uint32_t seed = 1, sample, i;
  hex((uint32_t)(int32_t)model_selftest(y, arena));
  for (sample = 0; sample < SAMPLES; ++sample) {
    /* Multiples of 1/256 in [-4, 4), exact everywhere. */
    for (i = 0; i < model_inputs; ++i) {
      seed = seed * 1664525u + 1013904223u;
      x[i] = (float)((int32_t)(seed >> 21) - 1024) * (1.0f / 256.0f);
    }
    hex((uint32_t)(int32_t)model_run(x, y, arena));
    for (i = 0; i < model_outputs; ++i) hex(bits_of(y[i]));
  }
#ifdef __AVR__
  cli();
  sleep_mode(); /* without interrupts: the simulator ends */
#endif
  return 0;
}
