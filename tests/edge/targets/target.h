// SPDX-License-Identifier: Apache-2.0
#ifndef QMTL_TARGET_H
#define QMTL_TARGET_H

/* What the programs for targets share: printing, and head files in the byte order of the processor. They run
   on the host, under a user-mode emulator, or on a bare core (then with semihosting). */

#include <stdint.h>

#include "runtime/edge/qmtl_edge.h"

#ifdef QMTL_BARE
#include "semihost.h"
#define write_text semihost_write
#define write_hex semihost_write_hex
#else
#include <stdio.h>
static void write_text(const char* text) { fputs(text, stdout); }
static void write_hex(unsigned value) { printf("%08x", value); }
#endif

/* Made from files by boards.embed: where each begins, ends with a null. */
extern const unsigned char* const heads[];
extern const unsigned head_bytes[];

enum { MOST_FILE = 1 << 16, MOST_ARENA = 1 << 16, MOST_NUMBERS = 512 };
static uint32_t copy[MOST_FILE / 4], arena[MOST_ARENA / 4];
static float x[MOST_NUMBERS], y[MOST_NUMBERS];

/* The head file as this processor reads it, or null. */
static const void* native(const unsigned char* file, unsigned bytes) {
  if (bytes > MOST_FILE) return 0;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  {
    unsigned i;
    if (qmtl_edge_need(file, bytes) != QMTL_EDGE_ENDIAN) return 0;
    for (i = 0; i < bytes; ++i) ((unsigned char*)copy)[i] = file[i];
    return qmtl_edge_to_native(copy, bytes) || qmtl_edge_to_native(copy, bytes) ? 0 : copy;
  }
#else
  (void)copy;
  return qmtl_edge_to_native((void*)(uintptr_t)file, bytes) ? 0 : file;
#endif
}

/* Opens a head for x, y and the arena above; the code, or 100 and more. */
static int open_head(qmtl_edge_head* head, const unsigned char* file, unsigned bytes) {
  const void* blob = native(file, bytes);
  const int code = blob ? qmtl_edge_open(head, blob, bytes, arena, sizeof arena) : 100;
  if (code) return code;
  return qmtl_edge_inputs(head) > MOST_NUMBERS || qmtl_edge_outputs(head) > MOST_NUMBERS ? 101 : 0;
}

static unsigned bits_of(float number) {
  union {
    float value;
    uint32_t bits;
  } both;
  both.value = number;
  return (unsigned)both.bits;
}

static int failed(int code) {
  write_text("failed with ");
  write_hex((unsigned)code);
  write_text("\n");
  return 1;
}

#endif
