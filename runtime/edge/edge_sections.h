#ifndef QMTL_EDGE_SECTIONS_H
#define QMTL_EDGE_SECTIONS_H

#include <stdint.h>

#include "edge_file.h"

/* Where a file's sections begin. */
typedef struct {
  const uint32_t *ops, *data, *inputs, *tasks, *samples, *text;
} qe_sections;

static inline qe_sections qe_sections_of(const uint32_t* file) {
  qe_sections at;
  at.ops = file + QE_HEADER_WORDS;
  at.data = at.ops + QE_OP_WORDS * file[QE_W_OPS];
  at.inputs = at.data + file[QE_W_DATA];
  at.tasks = at.inputs + QE_ITEM_WORDS * file[QE_W_INPUTS];
  at.samples = at.tasks + QE_ITEM_WORDS * file[QE_W_TASKS];
  at.text = at.samples + file[QE_W_SAMPLES] * (file[QE_W_X] + file[QE_W_Y]);
  return at;
}

#endif
