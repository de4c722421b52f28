// SPDX-License-Identifier: Apache-2.0
#include "edge_crc.h"
#include "qmtl_edge.h"

static uint32_t swapped(uint32_t word) {
  return word >> 24 | (word >> 8 & 0xff00u) | (word << 8 & 0xff0000u) | word << 24;
}
static void swap(uint32_t* word, const uint32_t* end) {
  for (; word < end; ++word) *word = swapped(*word);
}

/* Packed weights are bytes or pairs of bytes, not words; every word has been swapped before. */
static void restore_packed(uint32_t* data, uint32_t words, const uint32_t* op) {
  const uint32_t kind = op[QE_O_KIND] & 0xffu, variant = op[QE_O_KIND] >> 8 & 0xffu;
  const uint32_t kernel = op[QE_O_C] & 0xffu;
  const uint64_t window = kind == QE_CONV ? kernel * kernel : 1u;
  uint64_t at, end;
  if ((kind != QE_DENSE && kind != QE_CONV) || variant == 0 || variant > 2u) return;
  if ((op[QE_O_A] | op[QE_O_B]) >> 24) return;
  at = op[QE_O_DATA] + 2u * (uint64_t)op[QE_O_B];
  if (window * op[QE_O_A] >> 28) return;
  end = at + ((window * op[QE_O_A] * op[QE_O_B] * variant + 3u) >> 2);
  for (; at < end && at < words; ++at)
    data[at] = variant == 1u ? swapped(data[at]) : data[at] << 16 | data[at] >> 16;
}

int qmtl_edge_to_native(void* file, size_t length) {
  uint32_t *word = (uint32_t*)file, *data;
  const uint32_t* op;
  uint32_t size;
  uint64_t words;
  if (!file) return QMTL_EDGE_NULL;
  if (((uintptr_t)file & 3u) != 0) return QMTL_EDGE_MISALIGNED;
  if (length < 4u * QE_HEADER_WORDS) return QMTL_EDGE_TRUNCATED;
  if (word[QE_W_MAGIC] == QE_MAGIC) return QMTL_EDGE_OK;
  if (word[QE_W_MAGIC] != swapped(QE_MAGIC)) return QMTL_EDGE_MAGIC;
  size = swapped(word[QE_W_SIZE]);
  if (size > length) return QMTL_EDGE_TRUNCATED;
  if (size < 4u * QE_HEADER_WORDS || (size & 3u) != 0) return QMTL_EDGE_SIZE;
  if (qe_file_crc(file, size) != swapped(word[QE_W_CRC])) return QMTL_EDGE_CRC;
  words = swapped(word[QE_W_TEXT]);
  if (4u * (words + QE_HEADER_WORDS) > size) return QMTL_EDGE_SIZE;
  swap(word, word + QE_W_HASH);
  swap(word + QE_HEADER_WORDS, word + (size >> 2) - words);
  words = QE_HEADER_WORDS + QE_OP_WORDS * (uint64_t)word[QE_W_OPS] + word[QE_W_DATA];
  if (4u * words > size) return QMTL_EDGE_SIZE;
  data = word + (words - word[QE_W_DATA]);
  for (op = word + QE_HEADER_WORDS; op != data; op += QE_OP_WORDS) restore_packed(data, word[QE_W_DATA], op);
  word[QE_W_CRC] = qe_file_crc(file, size);
  return QMTL_EDGE_OK;
}
