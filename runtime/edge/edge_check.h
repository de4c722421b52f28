// SPDX-License-Identifier: Apache-2.0
#ifndef QMTL_EDGE_CHECK_H
#define QMTL_EDGE_CHECK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* QMTL_EDGE_OK if every operation stays inside its data, the arena, x and y; else the code. Before it the
   header must have been checked. */
int qe_check_ops(const uint32_t* file);

/* Runs all operations of a checked file. */
void qe_run_ops(const uint32_t* file, const float* x, float* arena, float* y);

#ifdef __cplusplus
}
#endif

#endif
