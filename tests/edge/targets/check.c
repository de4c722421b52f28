/* Runs every head that was linked in: the self test, then samples from a generator of whole numbers; prints
   every bit of every output. On the host, under a user-mode emulator, or on a bare core (then with
   semihosting). */

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

/* Made from the files: where each begins, ends with a null. */
extern const unsigned char* const heads[];
extern const unsigned head_bytes[];

enum { MOST_FILE = 1 << 16, MOST_ARENA = 1 << 16, MOST_NUMBERS = 512, SAMPLES = 5 };
static uint32_t copy[MOST_FILE / 4], arena[MOST_ARENA / 4];
static float x[MOST_NUMBERS], y[MOST_NUMBERS];

/* Multiples of 1/256 in [-4, 4), exact everywhere. */
static void fill(unsigned seed, unsigned count) {
  unsigned i;
  for (i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    x[i] = (float)((int)(seed >> 21) - 1024) * (1.0f / 256.0f);
  }
}

static const void* native(const unsigned char* file, unsigned bytes) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  unsigned i;
  if (qmtl_edge_need(file, bytes) != QMTL_EDGE_ENDIAN) return 0;
  for (i = 0; i < bytes; ++i) ((unsigned char*)copy)[i] = file[i];
  return qmtl_edge_to_native(copy, bytes) || qmtl_edge_to_native(copy, bytes) ? 0 : copy;
#else
  (void)copy, (void)bytes;
  return qmtl_edge_to_native((void*)(uintptr_t)file, bytes) ? 0 : file;
#endif
}

static int run(const unsigned char* file, unsigned bytes) {
  const void* blob = bytes <= MOST_FILE ? native(file, bytes) : 0;
  qmtl_edge_head head;
  unsigned sample, i;
  int code;
  if (!blob) return 100;
  code = qmtl_edge_open(&head, blob, bytes, arena, sizeof arena);
  if (code) return code;
  if (qmtl_edge_inputs(&head) > MOST_NUMBERS || qmtl_edge_outputs(&head) > MOST_NUMBERS) return 101;
  code = qmtl_edge_selftest(&head, y);
  if (code) return code;
  for (sample = 0; sample < SAMPLES; ++sample) {
    fill(sample + 1u, qmtl_edge_inputs(&head));
    code = qmtl_edge_run(&head, x, y);
    if (code) return code;
    for (i = 0; i < qmtl_edge_outputs(&head); ++i) {
      union {
        float value;
        uint32_t bits;
      } output;
      output.value = y[i];
      write_hex((unsigned)output.bits);
      write_text(" ");
    }
    write_text("\n");
  }
  return 0;
}

int main(void) {
  unsigned n;
  for (n = 0; heads[n]; ++n) {
    const int code = run(heads[n], head_bytes[n]);
    write_text(code ? "failed with " : "equal\n");
    if (code) {
      write_hex((unsigned)code);
      write_text("\n");
      return 1;
    }
  }
  return 0;
}
