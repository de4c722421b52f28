// SPDX-License-Identifier: Apache-2.0
/* Runs every head that was linked in: the self test, then samples from a generator of whole numbers; prints
   every bit of every output. */

#include "target.h"

enum { SAMPLES = 5 };

/* Multiples of 1/256 in [-4, 4), exact everywhere. */
static void fill(unsigned seed, unsigned count) {
  unsigned i;
  for (i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    x[i] = (float)((int)(seed >> 21) - 1024) * (1.0f / 256.0f);
  }
}

static int run(const unsigned char* file, unsigned bytes) {
  qmtl_edge_head head;
  unsigned sample, i;
  int code = open_head(&head, file, bytes);
  if (!code) code = qmtl_edge_selftest(&head, y);
  for (sample = 0; sample < SAMPLES && !code; ++sample) {
    fill(sample + 1u, qmtl_edge_inputs(&head));
    code = qmtl_edge_run(&head, x, y);
    for (i = 0; i < qmtl_edge_outputs(&head) && !code; ++i) {
      write_hex(bits_of(y[i]));
      write_text(" ");
    }
    write_text("\n");
  }
  return code;
}

int main(void) {
  unsigned n;
  for (n = 0; heads[n]; ++n) {
    const int code = run(heads[n], head_bytes[n]);
    if (code) return failed(code);
    write_text("equal\n");
  }
  return 0;
}
