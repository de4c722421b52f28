#ifndef QMTL_EDGE_CRC_H
#define QMTL_EDGE_CRC_H

#include <stdint.h>

#include "edge_file.h"

/* CRC-32 with polynomial 0xedb88320, bit by bit: no table in flash. */
static uint32_t qe_crc(const unsigned char* bytes, uint32_t begin, uint32_t end, uint32_t crc) {
  uint32_t i;
  int bit;
  for (i = begin; i < end; ++i) {
    crc ^= bytes[i];
    for (bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1u ? 0xedb88320u : 0u);
  }
  return crc;
}

/* Of a whole file but the checksum itself. */
static uint32_t qe_file_crc(const void* file, uint32_t size) {
  const unsigned char* bytes = (const unsigned char*)file;
  return ~qe_crc(bytes, 4u * QE_W_CRC + 4u, size, qe_crc(bytes, 0, 4u * QE_W_CRC, 0xffffffffu));
}

#endif
