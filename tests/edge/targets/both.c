// SPDX-License-Identifier: Apache-2.0
/* One model as a head file and as generated C on the same samples: heads[0] is the file, heads[1] the
   samples, a byte a number. Prints a number made of all bits of all outputs, and whether both gave them. */

#include "model.h"
#include "target.h"

static float z[model_outputs];

int main(void) {
  qmtl_edge_head head;
  unsigned row, i, different = 0;
  uint32_t all = 2166136261u;
  int code = open_head(&head, heads[0], head_bytes[0]);
  if (!code) code = qmtl_edge_selftest(&head, y);
  if (!code) code = model_selftest(z, (float*)arena);
  for (row = 0; row < head_bytes[1] / model_inputs && !code; ++row) {
    for (i = 0; i < model_inputs; ++i) x[i] = (float)heads[1][row * model_inputs + i];
    code = qmtl_edge_run(&head, x, y);
    if (!code) code = model_run(x, z, (float*)arena);
    for (i = 0; i < model_outputs; ++i) {
      different += bits_of(y[i]) != bits_of(z[i]);
      all = (all ^ bits_of(y[i])) * 16777619u;
    }
  }
  if (code || different) return failed(code ? code : 102);
  write_hex(all);
  write_text(" equal\n");
  return 0;
}
