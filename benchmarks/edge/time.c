// SPDX-License-Identifier: Apache-2.0
/* Processor seconds for one sample, of a head file (time FILE ROUNDS) or of generated C (-DGENERATED=name;
   time - ROUNDS), on samples of whole numbers; one thread. Prints the smallest of five repetitions. */

#define _POSIX_C_SOURCE 199309L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef GENERATED
#include GENERATED_HEADER
#else
#include "runtime/edge/qmtl_edge.h"
static uint32_t file[1 << 22];
#endif

enum { SAMPLES = 64 };
static float x[SAMPLES][INPUTS], y[OUTPUTS], arena[ARENA / 4 + 1];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int count, char** argument) {
  const int rounds = count == 3 ? atoi(argument[2]) : 0;
  double best = 1e9;
  int repeat, i, code = 0;
  for (i = 0; i < SAMPLES * INPUTS; ++i) x[i / INPUTS][i % INPUTS] = 0.125f * (float)(i * 7 % 33 - 16);
#ifndef GENERATED
  qmtl_edge_head head;
  FILE* from = count == 3 ? fopen(argument[1], "rb") : NULL;
  const size_t bytes = from ? fread(file, 1, sizeof file, from) : 0;
  code = qmtl_edge_open(&head, file, bytes, arena, sizeof arena);
#endif
  for (repeat = 0; repeat < 5; ++repeat) {
    const double begin = now();
    for (i = 0; i < rounds && !code; ++i)
#ifdef GENERATED
      code = GENERATED(x[i % SAMPLES], y, arena);
#else
      code = qmtl_edge_run(&head, x[i % SAMPLES], y);
#endif
    if (now() - begin < best) best = now() - begin;
  }
  printf("%.9g\n", best / rounds);
  return code != 0 || rounds < 1;
}
