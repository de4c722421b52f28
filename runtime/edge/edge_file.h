// SPDX-License-Identifier: Apache-2.0
#ifndef QMTL_EDGE_FILE_H
#define QMTL_EDGE_FILE_H

/* The head file's layout (FORMAT.md), for the runtime's own sources and for writers. */

enum {
  QE_MAGIC = 0x31484d51,
  QE_MAJOR = 1,
  QE_HEADER_WORDS = 24,
  QE_OP_WORDS = 8,
  QE_ITEM_WORDS = 4,
  QE_MOST_QUBITS = 16
};

/* Words of the header. */
enum {
  QE_W_MAGIC,
  QE_W_VERSION, /* major in the low half */
  QE_W_SIZE,
  QE_W_CRC,
  QE_W_FEATURES,
  QE_W_ARENA,
  QE_W_X,
  QE_W_Y,
  QE_W_OPS,
  QE_W_DATA,
  QE_W_INPUTS,
  QE_W_TASKS,
  QE_W_SAMPLES,
  QE_W_TEXT,
  QE_W_WORK,
  QE_W_RESERVED,
  QE_W_HASH /* 8 words */
};

/* Features; the preprocessor chooses by them. */
#define QE_F_STATE 1
#define QE_F_PAULI 2
#define QE_F_DENSE 4
#define QE_F_PACKED 8
#define QE_F_IMAGES 16
#define QE_F_NORM 32
#define QE_F_GELU 64
#define QE_F_FUSION 128
#define QE_F_TANH 256
#define QE_F_ATAN 512
#define QE_F_EXPECT 1024
#define QE_F_PLAIN 2048
#define QE_F_AMPLITUDES 4096
#define QE_F_ALL 8191

enum {
  QE_COPY = 1,
  QE_ADD,
  QE_STANDARDISE,
  QE_RELU,
  QE_TANH,
  QE_ATAN,
  QE_GELU,
  QE_SPARSE,
  QE_TRIG,
  QE_PAULI,
  QE_PRODUCT,
  QE_ROTATE,
  QE_EXPECT,
  QE_SPECTRUM,
  QE_DENSE,
  QE_CONV,
  QE_POOL,
  QE_NORM,
  QE_PAIR,
  QE_GATED,
  QE_AMPLITUDES,
  QE_KINDS
};

/* Words of an operation. */
enum { QE_O_KIND, QE_O_SOURCE, QE_O_TARGET, QE_O_DATA, QE_O_A, QE_O_B, QE_O_C, QE_O_SECOND };

/* Where a place lies. */
enum { QE_ARENA = 0, QE_X = 1, QE_Y = 2 };

#endif
