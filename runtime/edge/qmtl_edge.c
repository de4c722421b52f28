// SPDX-License-Identifier: Apache-2.0
#include "qmtl_edge.h"

#include "edge_check.h"
#include "edge_crc.h"
#include "edge_parts.h"
#include "edge_sections.h"
#include "kernels/contract.h"
#include "kernels/to_bits.h"

/* That it is a head file of this processor's order, undamaged if the `whole` is looked at, and that the
   counts of its header are possible and make up its size. */
static int check_file(const void* file, size_t length, int whole) {
  const uint32_t* word = (const uint32_t*)file;
  uint32_t i, size, words;
  uint64_t samples;
  if (!file) return QMTL_EDGE_NULL;
  if (((uintptr_t)file & 3u) != 0) return QMTL_EDGE_MISALIGNED;
  if (length < 4u * QE_HEADER_WORDS) return QMTL_EDGE_TRUNCATED;
  if (word[QE_W_MAGIC] == 0x514d4831u) return QMTL_EDGE_ENDIAN;
  if (word[QE_W_MAGIC] != QE_MAGIC) return QMTL_EDGE_MAGIC;
  if ((word[QE_W_VERSION] & 0xffffu) != QE_MAJOR) return QMTL_EDGE_VERSION;
  size = word[QE_W_SIZE];
  if (size > length) return QMTL_EDGE_TRUNCATED;
  if (size < 4u * QE_HEADER_WORDS || (size & 3u) != 0) return QMTL_EDGE_SIZE;
  if (size >> 28) return QMTL_EDGE_LIMIT;
  if (whole && qe_file_crc(file, size) != word[QE_W_CRC]) return QMTL_EDGE_CRC;
  if (word[QE_W_FEATURES] & ~(uint32_t)(QMTL_EDGE_FEATURES)) return QMTL_EDGE_FEATURE;
  for (i = QE_W_ARENA; i <= QE_W_TEXT; ++i)
    if (word[i] > 1u << 24) return QMTL_EDGE_LIMIT;
  samples = (uint64_t)word[QE_W_SAMPLES] * (word[QE_W_X] + word[QE_W_Y]);
  if (samples > size) return QMTL_EDGE_SIZE;
  words = QE_HEADER_WORDS + QE_OP_WORDS * word[QE_W_OPS] + word[QE_W_DATA] + word[QE_W_TEXT] +
          QE_ITEM_WORDS * (word[QE_W_INPUTS] + word[QE_W_TASKS]) + (uint32_t)samples;
  return words == size >> 2 ? QMTL_EDGE_OK : QMTL_EDGE_SIZE;
}

int32_t qmtl_edge_need(const void* file, size_t length) {
  const int code = check_file(file, length, 0);
  return code == QMTL_EDGE_OK ? (int32_t)(4u * ((const uint32_t*)file)[QE_W_ARENA]) : (int32_t)code;
}

/* Items cover `total` numbers in order without gaps, and their names end. */
static int check_items(const uint32_t* item, uint32_t items, uint32_t total, uint32_t text,
                       uint32_t most_kind) {
  uint32_t next = 0;
  for (; items; --items, item += QE_ITEM_WORDS) {
    if (item[0] >= text || item[1] > most_kind || item[2] != next || item[3] == 0 || item[3] > total - next)
      return QMTL_EDGE_TABLE;
    next += item[3];
  }
  return next == total ? QMTL_EDGE_OK : QMTL_EDGE_TABLE;
}

static int check_tables(const uint32_t* file) {
  const qe_sections at = qe_sections_of(file);
  const uint32_t text = 4u * file[QE_W_TEXT];
  if (text == 0 || ((const unsigned char*)at.text)[text - 1u] != 0 || file[QE_W_RESERVED] != 0)
    return QMTL_EDGE_TABLE;
  if (check_items(at.inputs, file[QE_W_INPUTS], file[QE_W_X], text, 0)) return QMTL_EDGE_TABLE;
  return check_items(at.tasks, file[QE_W_TASKS], file[QE_W_Y], text, 3);
}

int qmtl_edge_open(qmtl_edge_head* head, const void* file, size_t length, void* arena, size_t arena_length) {
  const uint32_t* word = (const uint32_t*)file;
  int code = check_file(file, length, 1);
  if (code != QMTL_EDGE_OK) return code;
  if (!head || (!arena && word[QE_W_ARENA] > 0)) return QMTL_EDGE_NULL;
  if (((uintptr_t)arena & 3u) != 0) return QMTL_EDGE_MISALIGNED;
  code = check_tables(word);
  if (code == QMTL_EDGE_OK) code = qe_check_ops(word);
  if (code != QMTL_EDGE_OK) return code;
  if (arena_length < 4u * word[QE_W_ARENA]) return QMTL_EDGE_ARENA;
  head->file = word;
  head->arena = (float*)arena;
  return QMTL_EDGE_OK;
}

uint32_t qmtl_edge_inputs(const qmtl_edge_head* head) { return head->file[QE_W_X]; }
uint32_t qmtl_edge_outputs(const qmtl_edge_head* head) { return head->file[QE_W_Y]; }

static int all_finite(const float* values, uint32_t count) {
  uint32_t i;
  for (i = 0; i < count; ++i)
    if ((qe_to_bits(values[i]) & 0x7f800000u) == 0x7f800000u) return 0;
  return 1;
}

int qmtl_edge_run(const qmtl_edge_head* head, const float* x, float* y) {
  if (!head || !x || !y) return QMTL_EDGE_NULL;
  if ((((uintptr_t)x | (uintptr_t)y) & 3u) != 0) return QMTL_EDGE_MISALIGNED;
  if (!all_finite(x, head->file[QE_W_X])) return QMTL_EDGE_INPUT;
  qe_run_ops(head->file, x, head->arena, y);
  return all_finite(y, head->file[QE_W_Y]) ? QMTL_EDGE_OK : QMTL_EDGE_RESULT;
}

int qmtl_edge_selftest(const qmtl_edge_head* head, float* y) {
  const float* sample;
  uint32_t i, j, inputs, outputs;
  if (!head || !y) return QMTL_EDGE_NULL;
  inputs = head->file[QE_W_X];
  outputs = head->file[QE_W_Y];
  sample = (const float*)qe_sections_of(head->file).samples;
  for (i = 0; i < head->file[QE_W_SAMPLES]; ++i, sample += inputs + outputs) {
    const int code = qmtl_edge_run(head, sample, y);
    if (code != QMTL_EDGE_OK) return code;
    for (j = 0; j < outputs; ++j)
      if (qe_to_bits(y[j]) != qe_to_bits(sample[inputs + j])) return QMTL_EDGE_SELFTEST;
  }
  return QMTL_EDGE_OK;
}
