// SPDX-License-Identifier: Apache-2.0
/* predict HEAD.qmh < numbers: the outputs of one sample, whose inputs are read from standard input. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "qmtl_edge.h"

int main(int count, char** argument) {
  static uint32_t file[1 << 20];
  FILE* from = count == 2 ? fopen(argument[1], "rb") : NULL;
  const size_t bytes = from ? fread(file, 1, sizeof file, from) : 0;
  int code = qmtl_edge_to_native(file, bytes);
  const int32_t need = code ? code : qmtl_edge_need(file, bytes);
  void* arena = malloc(need > 0 ? (size_t)need : 1);
  qmtl_edge_head head;
  code = need < 0 ? (int)need : qmtl_edge_open(&head, file, bytes, arena, (size_t)need);
  if (code == 0) {
    float* x = calloc(qmtl_edge_inputs(&head), sizeof *x);
    float* y = calloc(qmtl_edge_outputs(&head), sizeof *y);
    for (uint32_t i = 0; i < qmtl_edge_inputs(&head); ++i)
      if (scanf("%f", x + i) != 1) return 2;
    code = qmtl_edge_run(&head, x, y);
    for (uint32_t i = 0; code == 0 && i < qmtl_edge_outputs(&head); ++i) printf("%.9g\n", (double)y[i]);
  }
  if (code != 0) fprintf(stderr, "predict: %s\n", qmtl_edge_strerror(code));
  return code != 0;
}
