// SPDX-License-Identifier: Apache-2.0
// Fuzz target (libFuzzer, clang): any bytes as a head file, with the checksum put right so that the checks
// behind it are reached. tests/fuzz/run_edge builds and runs it.

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "runtime/edge/edge_file.h"
#include "runtime/edge/qmtl_edge_tasks.h"

namespace {

/// Memory of exactly the right size: the sanitizer sees one byte more.
std::unique_ptr<std::uint32_t[]> words_of(const std::uint8_t* data, std::size_t size) {
  std::unique_ptr<std::uint32_t[]> words(new std::uint32_t[size / 4]);
  std::memcpy(words.get(), data, size);
  return words;
}

void repair(std::uint32_t* file, std::uint32_t magic, std::uint32_t size, std::size_t length) {
  file[QE_W_MAGIC] = magic;
  file[QE_W_SIZE] = size;
  const auto* bytes = reinterpret_cast<const unsigned char*>(file);
  file[QE_W_CRC] =
      static_cast<std::uint32_t>(crc32(crc32(0, bytes, 12), bytes + 16, static_cast<uInt>(length - 16)));
}

std::uint32_t swapped(std::uint32_t word) { return __builtin_bswap32(word); }

/// As a processor of the other byte order finds the file.
void convert(const std::uint8_t* data, std::size_t size) {
  const auto file = words_of(data, size);
  repair(file.get(), swapped(QE_MAGIC), swapped(static_cast<std::uint32_t>(size)), size);
  file[QE_W_CRC] = swapped(file[QE_W_CRC]);
  if (qmtl_edge_to_native(file.get(), size) != QMTL_EDGE_OK) return;
  const std::int32_t need = qmtl_edge_need(file.get(), size);
  if (need < 0 && need != QMTL_EDGE_VERSION && need != QMTL_EDGE_FEATURE && need != QMTL_EDGE_LIMIT &&
      need != QMTL_EDGE_SIZE)
    __builtin_trap();
}

void run(const qmtl_edge_head& head, std::size_t size) {
  const std::uint32_t inputs = qmtl_edge_inputs(&head), outputs = qmtl_edge_outputs(&head);
  const std::unique_ptr<float[]> x(new float[inputs]), y(new float[outputs]());
  for (std::uint32_t i = 0; i < inputs; ++i) x[i] = 0.5f * static_cast<float>(i % 7) - 1.5f;
  qmtl_edge_run(&head, x.get(), y.get());
  qmtl_edge_selftest(&head, y.get());
  for (std::uint32_t t = 0; t < qmtl_edge_task_count(&head); ++t) {
    qmtl_edge_item task;
    qmtl_edge_task(&head, t, &task);
    if (std::strlen(task.name) > size) __builtin_trap();
    qmtl_edge_class(&task, y.get());
    qmtl_edge_probabilities(&task, y.get());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4 * QE_HEADER_WORDS || size > 1 << 16) return 0;
  size &= ~std::size_t{3};
  convert(data, size);
  const auto file = words_of(data, size);
  repair(file.get(), QE_MAGIC, static_cast<std::uint32_t>(size), size);
  const std::int32_t need = qmtl_edge_need(file.get(), size);
  if (need < 0 || need > 1 << 16 || file[QE_W_X] > 1 << 14 || file[QE_W_Y] > 1 << 14) return 0;
  const std::unique_ptr<float[]> arena(new float[static_cast<std::size_t>(need) / 4]());
  qmtl_edge_head head;
  if (qmtl_edge_open(&head, file.get(), size, arena.get(), static_cast<std::size_t>(need)) == QMTL_EDGE_OK)
    run(head, size);
  return 0;
}
