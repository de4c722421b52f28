// SPDX-License-Identifier: Apache-2.0
/* Classifies handwritten digits on a Cortex-M4F: reads the images from a CSV file of the host (64 pixels and
   the label a line), prints predictions, and how many cycles one takes. Arguments: FILE IMAGES. */

#include <stdint.h>

#include "qmtl_edge.h"
#include "semihost.h"

extern const unsigned char model[], model_end[];

enum { PIXELS = 64, DIGITS = 10 };
static float arena[4096], pixels[PIXELS], logits[DIGITS];

/* SysTick counts down at 25 MHz, a tick in 40 ns; QEMU with -icount shift=0 lets an instruction take 1 ns,
   which is taken for a cycle. */
static volatile uint32_t* const systick = (volatile uint32_t*)0xe000e010u;
enum { CYCLES_PER_TICK = 40 };

static void start_clock(void) {
  systick[1] = 0xffffffu;
  systick[2] = 0;
  systick[0] = 5; /* on, processor clock */
}
static uint32_t ticks_since(uint32_t start) { return (start - systick[2]) & 0xffffffu; }

static char buffer[512];
static unsigned at, filled;
static int next_byte(int file) {
  if (at == filled) {
    filled = semihost_read(file, buffer, sizeof buffer);
    at = 0;
  }
  return at < filled ? (unsigned char)buffer[at++] : -1;
}
/* The next whole number of the file, or -1 at its end. */
static int next_number(int file) {
  int byte, number = 0;
  do byte = next_byte(file);
  while (byte == ',' || byte == '\n' || byte == '\r');
  if (byte < 0) return -1;
  for (; byte >= '0' && byte <= '9'; byte = next_byte(file)) number = 10 * number + byte - '0';
  return number;
}

/* The digit whose own task is surest. */
static int digit_of(const float* y) {
  int i, best = 0;
  for (i = 1; i < DIGITS; ++i)
    if (y[i] > y[best]) best = i;
  return best;
}

static void print(const char* before, unsigned number, const char* after) {
  semihost_write(before);
  semihost_write_decimal(number);
  semihost_write(after);
}

static int failed(const char* what, int code) {
  semihost_write(what);
  if (code) print(": code -", (unsigned)-code, "");
  semihost_write("\n");
  return 1;
}

/* "FILE IMAGES" -> FILE, and the number. */
static unsigned parse(char* arguments) {
  unsigned images = 0;
  for (; *arguments && *arguments != ' '; ++arguments) {
  }
  if (*arguments) *arguments++ = 0;
  for (; *arguments >= '0' && *arguments <= '9'; ++arguments)
    images = 10u * images + (unsigned)(*arguments - '0');
  return images;
}

int main(void) {
  static char arguments[256];
  qmtl_edge_head head;
  unsigned images = 0, done, right = 0, slowest = 0;
  int file, i;
  int code = qmtl_edge_open(&head, model, (size_t)(model_end - model), arena, sizeof arena);
  if (!code) code = qmtl_edge_selftest(&head, logits);
  if (code) return failed("the model was refused", code);
  if (qmtl_edge_inputs(&head) != PIXELS || qmtl_edge_outputs(&head) != DIGITS)
    return failed("not a digits model", 0);
  if (!semihost_arguments(arguments, sizeof arguments)) return failed("expected arguments FILE IMAGES", 0);
  images = parse(arguments);
  file = semihost_open(arguments);
  if (file < 0) return failed("the file of images cannot be opened", 0);
  start_clock();
  for (done = 0; done < images; ++done) {
    int label, found;
    uint32_t begin, ticks;
    for (i = 0; i < PIXELS; ++i) pixels[i] = (float)next_number(file);
    label = next_number(file);
    if (label < 0) break;
    begin = systick[2];
    code = qmtl_edge_run(&head, pixels, logits);
    ticks = ticks_since(begin);
    if (code) return failed("an image was refused", code);
    found = digit_of(logits);
    right += found == label;
    if (ticks > slowest) slowest = ticks;
    print("label ", (unsigned)label, "");
    print("  predicted ", (unsigned)found, found == label ? "\n" : "  (wrong)\n");
  }
  print("", right, " of ");
  print("", done, " right; ");
  print("at most ", slowest * CYCLES_PER_TICK, " cycles an image (simulated: one an instruction)\n");
  return done == images ? 0 : 1;
}
