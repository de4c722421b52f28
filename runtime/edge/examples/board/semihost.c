// SPDX-License-Identifier: Apache-2.0
#include "semihost.h"

#include <stdint.h>

enum {
  SYS_OPEN = 0x01,
  SYS_WRITE0 = 0x04,
  SYS_READ = 0x06,
  SYS_GET_CMDLINE = 0x15,
  SYS_EXIT_EXTENDED = 0x20
};

#if defined(__riscv)
__attribute__((naked, aligned(16), noinline)) static intptr_t call(intptr_t operation, const void* block) {
  (void)operation, (void)block;
  /* These three instructions, uncompressed and within one page, are the call. */
  __asm volatile(
      ".option push\n.option norvc\n"
      "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n"
      "ret\n.option pop");
}
#else
static intptr_t call(intptr_t operation, const void* block) {
  register intptr_t r0 __asm("r0") = operation;
  register const void* r1 __asm("r1") = block;
  __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}
#endif

static unsigned length_of(const char* text) {
  unsigned n = 0;
  while (text[n]) ++n;
  return n;
}

void semihost_write(const char* text) { call(SYS_WRITE0, text); }

void semihost_write_hex(unsigned value) {
  char text[9];
  int i;
  for (i = 0; i < 8; ++i) text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15u];
  text[8] = 0;
  semihost_write(text);
}

void semihost_write_decimal(unsigned value) {
  char text[11];
  unsigned at = 10;
  text[10] = 0;
  do {
    text[--at] = (char)('0' + value % 10u);
    value /= 10u;
  } while (value);
  semihost_write(text + at);
}

int semihost_open(const char* path) {
  const intptr_t block[3] = {(intptr_t)path, 1 /* "rb" */, (intptr_t)length_of(path)};
  return (int)call(SYS_OPEN, block);
}

unsigned semihost_read(int handle, void* to, unsigned size) {
  const intptr_t block[3] = {handle, (intptr_t)to, (intptr_t)size};
  return size - (unsigned)call(SYS_READ, block); /* the call returns what did not come */
}

int semihost_arguments(char* to, unsigned size) {
  intptr_t block[2] = {(intptr_t)to, (intptr_t)size};
  return call(SYS_GET_CMDLINE, block) == 0;
}

void semihost_exit(int code) {
  const intptr_t block[2] = {0x20026 /* the program ended by itself */, code};
  call(SYS_EXIT_EXTENDED, block);
  for (;;) {
  }
}
