// SPDX-License-Identifier: Apache-2.0
#ifndef QMTL_BOARD_SEMIHOST_H
#define QMTL_BOARD_SEMIHOST_H

/* The host's files and console for a program under a debugger or QEMU ("Semihosting for AArch32 and AArch64",
   Arm 2.0; the same calls on RISC-V). */

void semihost_write(const char* text);
void semihost_write_hex(unsigned value);
void semihost_write_decimal(unsigned value);
/* A handle, or -1. */
int semihost_open(const char* path);
/* Up to `size` bytes; how many came. */
unsigned semihost_read(int handle, void* to, unsigned size);
/* The command line behind -semihosting-config arg=...; 0 where there is none. */
int semihost_arguments(char* to, unsigned size);
void semihost_exit(int code);

#endif
