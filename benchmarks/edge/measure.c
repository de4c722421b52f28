// SPDX-License-Identifier: Apache-2.0
/* REPEAT inferences of one model on a bare core: -DGENERATED=name for C of qmtl export --to c, else the head
   file that was linked in. */

#include <stdint.h>

#ifdef GENERATED
#include GENERATED_HEADER
#else
#include "runtime/edge/qmtl_edge.h"
extern const unsigned char* const heads[];
extern const unsigned head_bytes[];
#endif

static float arena[ARENA / 4 + 1], x[INPUTS], y[OUTPUTS];

int main(void) {
  int i, code = 0;
  for (i = 0; i < INPUTS; ++i) x[i] = 0.125f * (float)(i % 17 - 8);
#ifndef GENERATED
  qmtl_edge_head head;
  code = qmtl_edge_open(&head, heads[0], head_bytes[0], arena, sizeof arena);
#endif
  for (i = 0; i < REPEAT && !code; ++i)
#ifdef GENERATED
    code = GENERATED(x, y, arena);
#else
    code = qmtl_edge_run(&head, x, y);
#endif
  return code ? 1 : 0;
}
