// SPDX-License-Identifier: Apache-2.0
#include "qmtl_edge.h"

const char* qmtl_edge_strerror(int code) {
  switch (code) {
    case QMTL_EDGE_OK:
      return "done";
    case QMTL_EDGE_NULL:
      return "a pointer is null";
    case QMTL_EDGE_MISALIGNED:
      return "the head file, the arena, x or y does not start at a multiple of 4 bytes";
    case QMTL_EDGE_TRUNCATED:
      return "the head file ends before the size that its header says";
    case QMTL_EDGE_MAGIC:
      return "this is no head file: the first bytes are not QMH1";
    case QMTL_EDGE_ENDIAN:
      return "head files are little-endian but this processor is big-endian: call qmtl_edge_to_native on a "
             "copy in "
             "memory first";
    case QMTL_EDGE_VERSION:
      return "the head file has another major version than this runtime";
    case QMTL_EDGE_CRC:
      return "the head file is damaged: its checksum differs";
    case QMTL_EDGE_FEATURE:
      return "the head file needs a part that this runtime does not know or was built without";
    case QMTL_EDGE_LIMIT:
      return "a count in the head file is above the format's limits";
    case QMTL_EDGE_SIZE:
      return "the head file's sections do not add up to its size";
    case QMTL_EDGE_TABLE:
      return "the head file's inputs, tasks or names contradict each other";
    case QMTL_EDGE_OP:
      return "an operation of the head file is unknown, contradicts itself or leaves its memory";
    case QMTL_EDGE_ARENA:
      return "the arena is smaller than qmtl_edge_need says";
    case QMTL_EDGE_INPUT:
      return "an input is NaN or infinite";
    case QMTL_EDGE_RESULT:
      return "a result is NaN or infinite: the input is far outside the training data";
    case QMTL_EDGE_SELFTEST:
      return "a stored result was not reproduced bit for bit: check compiler flags and memory";
    case QMTL_EDGE_WORK:
      return "a run of the head file takes more steps than QMTL_EDGE_MOST_STEPS allows";
    default:
      return "unknown code";
  }
}
