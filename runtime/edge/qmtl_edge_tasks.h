// SPDX-License-Identifier: Apache-2.0
#ifndef QMTL_EDGE_TASKS_H
#define QMTL_EDGE_TASKS_H

#include "qmtl_edge.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a file says of itself, and names and meanings of inputs and outputs; for programs that show results to
   people. */

/* Of an opened file: its bytes; multiplications with additions of one run (2^32 - 1: that or more); byte
   `number` (0 to 31) of the model's hash, which is the checkpoint's. */
uint32_t qmtl_edge_size(const qmtl_edge_head* head);
uint32_t qmtl_edge_work(const qmtl_edge_head* head);
uint32_t qmtl_edge_hash(const qmtl_edge_head* head, uint32_t number);

enum { QMTL_EDGE_BINARY = 0, QMTL_EDGE_MULTICLASS = 1, QMTL_EDGE_MULTILABEL = 2, QMTL_EDGE_REGRESSION = 3 };

typedef struct {
  const char* name; /* ends with 0, lives in the file */
  uint32_t kind;    /* as above; for an input 0 */
  uint32_t first;   /* of its numbers in y (x for an input) */
  uint32_t count;   /* how many */
} qmtl_edge_item;

uint32_t qmtl_edge_task_count(const qmtl_edge_head* head);
uint32_t qmtl_edge_input_count(const qmtl_edge_head* head);
/* QMTL_EDGE_LIMIT where there is no such task or input. */
int qmtl_edge_task(const qmtl_edge_head* head, uint32_t number, qmtl_edge_item* task);
int qmtl_edge_input(const qmtl_edge_head* head, uint32_t number, qmtl_edge_item* input);

/* What the file calls a number of an item: class `number` of a task (binary: 0 negative, 1 positive;
   multilabel: the label), 0 of a regression task its unit, a number of an input its column. A null pointer
   where the file has no such name. */
const char* qmtl_edge_name(const qmtl_edge_head* head, const qmtl_edge_item* item, uint32_t number);

/* Replaces a task's logits in y by probabilities: each one's own (binary, multilabel) or of all classes
   together (multiclass). Regression values stay. */
void qmtl_edge_probabilities(const qmtl_edge_item* task, float* y);
/* The predicted class of a task, from its logits: binary 0 or 1, multiclass
   the first of the largest. 0 for other kinds. */
uint32_t qmtl_edge_class(const qmtl_edge_item* task, const float* y);

#ifdef __cplusplus
}
#endif

#endif
