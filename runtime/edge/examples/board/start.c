// SPDX-License-Identifier: Apache-2.0
/* Start of a program without a C library on Cortex-M and RISC-V cores as QEMU has them: the stack, the
   floating-point unit, zeroed memory, main, and the exit code through semihosting. On a device of your own
   this comes with its development kit. Programs keep their constants const: there is no copying of initial
   values. */

#include "semihost.h"

extern unsigned char board_stack[], board_zero_begin[], board_zero_end[];
int main(void);
void board_start(void);

static void run(void) {
  volatile unsigned char* byte = board_zero_begin;
  while (byte != board_zero_end) *byte++ = 0;
  semihost_exit(main());
}

#if defined(__arm__)

void board_start(void) {
#if defined(__ARM_FP)
  *(volatile unsigned*)0xe000ed88u |= 0xfu << 20; /* CPACR: full access to the floating-point unit */
  __asm volatile("dsb\n isb");
#endif
  run();
}

static void board_fault(void) { semihost_exit(99); }

/* The first word is the stack's end; every exception ends the program. */
__attribute__((section(".first"), used)) static void* const vectors[16] = {
    board_stack, board_start, board_fault, board_fault, board_fault, board_fault, board_fault};

#elif defined(__riscv)

__attribute__((used, noreturn)) void board_main(void);
void board_main(void) {
  run();
  for (;;) {
  }
}

__attribute__((section(".first"), used, naked)) void board_start(void) {
  __asm volatile(
      "la sp, board_stack\n"
      "li t0, 0x6000\n" /* mstatus.FS: the floating-point unit is on */
      "csrs mstatus, t0\n"
      "j board_main");
}

#endif
