// SPDX-License-Identifier: Apache-2.0
#ifndef QMTL_EDGE_CRC_H
#define QMTL_EDGE_CRC_H

#include <stdint.h>

#include "edge_file.h"

/* CRC-32 with polynomial 0xedb88320, bit by bit: no table in flash. Of a whole file but the checksum itself.
 */
static uint32_t qe_file_crc(const void* file, uint32_t size) {
  const unsigned char* bytes = (const unsigned char*)file;
  uint32_t i, crc = 0xffffffffu;
  int bit;
  for (i = 0; i < size; ++i) {
    if (i - 4u * QE_W_CRC < 4u) continue;
    crc ^= bytes[i];
    for (bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1u ? 0xedb88320u : 0u);
  }
  return ~crc;
}

#endif
