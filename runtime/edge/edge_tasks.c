// SPDX-License-Identifier: Apache-2.0
#include "edge_sections.h"
#include "kernels/contract.h"
#include "kernels/exp.h"
#include "qmtl_edge_tasks.h"

uint32_t qmtl_edge_task_count(const qmtl_edge_head* head) { return head->file[QE_W_TASKS]; }
uint32_t qmtl_edge_input_count(const qmtl_edge_head* head) { return head->file[QE_W_INPUTS]; }

uint32_t qmtl_edge_size(const qmtl_edge_head* head) { return head->file[QE_W_SIZE]; }
uint32_t qmtl_edge_work(const qmtl_edge_head* head) { return head->file[QE_W_WORK]; }
uint32_t qmtl_edge_hash(const qmtl_edge_head* head, uint32_t number) {
  const unsigned char* byte = (const unsigned char*)(head->file + QE_W_HASH);
  return number < 32u ? byte[number] : 0u;
}

static int item_of(const qmtl_edge_head* head, const uint32_t* items, uint32_t count, uint32_t number,
                   qmtl_edge_item* item) {
  const uint32_t* entry = items + QE_ITEM_WORDS * number;
  if (number >= count) return QMTL_EDGE_LIMIT;
  item->name = (const char*)qe_sections_of(head->file).text + entry[0];
  item->kind = entry[1];
  item->first = entry[2];
  item->count = entry[3];
  return QMTL_EDGE_OK;
}

int qmtl_edge_task(const qmtl_edge_head* head, uint32_t number, qmtl_edge_item* task) {
  return item_of(head, qe_sections_of(head->file).tasks, head->file[QE_W_TASKS], number, task);
}
int qmtl_edge_input(const qmtl_edge_head* head, uint32_t number, qmtl_edge_item* input) {
  return item_of(head, qe_sections_of(head->file).inputs, head->file[QE_W_INPUTS], number, input);
}

/* An item's names follow its own in the text, up to the next item's or to an empty one. */
const char* qmtl_edge_name(const qmtl_edge_head* head, const qmtl_edge_item* item, uint32_t number) {
  const qe_sections at = qe_sections_of(head->file);
  const char *text = (const char*)at.text, *end = text + 4u * head->file[QE_W_TEXT], *name = item->name;
  const uint32_t* entry;
  for (entry = at.inputs; entry != at.samples; entry += QE_ITEM_WORDS)
    if (text + entry[0] > name && text + entry[0] < end) end = text + entry[0];
  for (;; --number) {
    while (name != end && *name) ++name;
    if (name == end || ++name == end || !*name) return 0;
    if (number == 0) return name;
  }
}

void qmtl_edge_probabilities(const qmtl_edge_item* task, float* y) {
  float* value = y + task->first;
  uint32_t i;
  if (task->kind == QMTL_EDGE_MULTICLASS) {
    const float largest = value[qmtl_edge_class(task, y)];
    float sum = 0.0f;
    for (i = 0; i < task->count; ++i) sum = sum + (value[i] = qe_exp(value[i] - largest));
    for (i = 0; i < task->count; ++i) value[i] = value[i] / sum;
  } else if (task->kind != QMTL_EDGE_REGRESSION) {
    for (i = 0; i < task->count; ++i) value[i] = 1.0f / (1.0f + qe_exp(-value[i]));
  }
}

uint32_t qmtl_edge_class(const qmtl_edge_item* task, const float* y) {
  const float* value = y + task->first;
  uint32_t i, best = 0;
  if (task->kind == QMTL_EDGE_BINARY) return value[0] > 0.0f;
  if (task->kind != QMTL_EDGE_MULTICLASS) return 0;
  for (i = 1; i < task->count; ++i)
    if (value[i] > value[best]) best = i;
  return best;
}
