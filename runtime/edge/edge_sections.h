// SPDX-License-Identifier: Apache-2.0
#ifndef QMTL_EDGE_SECTIONS_H
#define QMTL_EDGE_SECTIONS_H

#include <stdint.h>

#include "edge_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a file's sections begin. */
typedef struct {
  const uint32_t *ops, *data, *inputs, *tasks, *samples, *text;
} qe_sections;

qe_sections qe_sections_of(const uint32_t* file);

#ifdef __cplusplus
}
#endif

#endif
