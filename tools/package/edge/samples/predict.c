// SPDX-License-Identifier: Apache-2.0
/* Opens the head in head.h, runs its self test, then a sample of zeros, and prints what comes out. */
#include <qmtl_edge.h>
#include <qmtl_edge_tasks.h>
#include <stdio.h>

#include "head.h"

static float x[HEAD_INPUTS], y[HEAD_OUTPUTS];
static uint32_t arena[HEAD_ARENA / 4 + 1];

int predict(void) {
  qmtl_edge_head opened;
  uint32_t t, i;
  int code = qmtl_edge_open(&opened, head, sizeof head, arena, sizeof arena);
  if (code == QMTL_EDGE_OK) code = qmtl_edge_selftest(&opened, y);
  if (code == QMTL_EDGE_OK) code = qmtl_edge_run(&opened, x, y);
  if (code != QMTL_EDGE_OK) {
    printf("%s\n", qmtl_edge_strerror(code));
    return code;
  }
  for (t = 0; t < qmtl_edge_task_count(&opened); ++t) {
    qmtl_edge_item task;
    if (qmtl_edge_task(&opened, t, &task) != QMTL_EDGE_OK) continue;
    printf("%s", task.name);
    for (i = 0; i < task.count; ++i) printf(" %.6g", (double)y[task.first + i]);
    printf("\n");
  }
  return 0;
}
