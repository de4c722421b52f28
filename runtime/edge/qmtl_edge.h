// SPDX-License-Identifier: Apache-2.0
#ifndef QMTL_EDGE_H
#define QMTL_EDGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Runs a trained model from its head file (FORMAT.md): C99, no allocation, no library, no globals. A head is
   used by one caller at a time; different heads on different arenas are independent, also when they read the
   same file.

   int32_t need = qmtl_edge_need(file, length);              exact bytes of working memory
   qmtl_edge_head head;
   qmtl_edge_open(&head, file, length, arena, arena_length); checks all of the file
   qmtl_edge_run(&head, x, y);                               one sample

   Every function returns 0 (or a size) or one of the negative codes below. */

enum {
  QMTL_EDGE_OK = 0,
  QMTL_EDGE_NULL = -1,       /* a pointer is null */
  QMTL_EDGE_MISALIGNED = -2, /* file, arena, x or y does not start at a multiple of 4 bytes */
  QMTL_EDGE_TRUNCATED = -3,  /* fewer bytes than the file says it has */
  QMTL_EDGE_MAGIC = -4,      /* not a head file */
  QMTL_EDGE_ENDIAN = -5,     /* this processor is big-endian: qmtl_edge_to_native first */
  QMTL_EDGE_VERSION = -6,    /* a newer major version of the format */
  QMTL_EDGE_CRC = -7,        /* checksum differs: the file is damaged */
  QMTL_EDGE_FEATURE = -8,    /* needs a part that this runtime does not know or was built without */
  QMTL_EDGE_LIMIT = -9,      /* a count above the format's limits */
  QMTL_EDGE_SIZE = -10,      /* the sections do not add up to the file's size */
  QMTL_EDGE_TABLE = -11,     /* a table of inputs, tasks or names contradicts itself */
  QMTL_EDGE_OP = -12,        /* an operation is unknown, contradicts itself or leaves its memory */
  QMTL_EDGE_ARENA = -13,     /* the arena has fewer bytes than needed */
  QMTL_EDGE_INPUT = -14,     /* an input is NaN or infinite */
  QMTL_EDGE_RESULT = -15,    /* a result is NaN or infinite: the input is far outside the training data */
  QMTL_EDGE_SELFTEST = -16,  /* a stored result was not reproduced bit for bit */
  QMTL_EDGE_WORK = -17       /* a run takes more than QMTL_EDGE_MOST_STEPS */
};

/* Opaque; lives in the caller's memory. The file and the arena must stay where they are. */
typedef struct {
  const uint32_t* file;
  float* arena;
} qmtl_edge_head;

/* Bytes of arena that the file needs, by its header; the checksum over the file is left to open. */
int32_t qmtl_edge_need(const void* file, size_t length);

/* Validates everything: after 0, run cannot leave the file, the arena, x or y, and ends within
   QMTL_EDGE_MOST_STEPS steps of a few instructions each (a compiler option, 2^28), whatever the file holds.
   `length` may exceed the file's size (a flash partition). The arena needs no initial values. */
int qmtl_edge_open(qmtl_edge_head* head, const void* file, size_t length, void* arena, size_t arena_length);

/* One sample: x[inputs], all inputs one after another in the order of the file and in the units of the data
   set, to y[outputs]: logits; regression outputs in the unit of their labels. After a negative code y is
   undefined. x and y must not overlap. */
int qmtl_edge_run(const qmtl_edge_head* head, const float* x, float* y);

/* Numbers in x and y. */
uint32_t qmtl_edge_inputs(const qmtl_edge_head* head);
uint32_t qmtl_edge_outputs(const qmtl_edge_head* head);

/* Replays the file's stored samples and compares every bit; y[outputs] is scratch. */
int qmtl_edge_selftest(const qmtl_edge_head* head, float* y);

/* Head files are little-endian. On a big-endian processor this turns one, in memory that can be written, into
   what the functions above read there; elsewhere, and a second time, it does nothing. In a file of its own.
 */
int qmtl_edge_to_native(void* file, size_t length);

/* What a code means, in English; in a file of its own, linked only where it is used. */
const char* qmtl_edge_strerror(int code);

#ifdef __cplusplus
}
#endif

#endif
