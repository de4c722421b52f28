// Fuzz target (libFuzzer, clang): any bytes as a head file, with the checksum put right so that the checks
// behind it are reached. tests/fuzz/run_edge builds and runs it.

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "runtime/edge/edge_file.h"
#include "runtime/edge/qmtl_edge_tasks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4 * QE_HEADER_WORDS || size > 1 << 16) return 0;
  size &= ~std::size_t{3};
  // Memory of exactly the right size: the sanitizer sees one byte more.
  const std::unique_ptr<std::uint32_t[]> file(new std::uint32_t[size / 4]);
  std::memcpy(file.get(), data, size);
  file[QE_W_MAGIC] = QE_MAGIC;
  file[QE_W_SIZE] = static_cast<std::uint32_t>(size);
  const auto* bytes = reinterpret_cast<const unsigned char*>(file.get());
  file[QE_W_CRC] =
      static_cast<std::uint32_t>(crc32(crc32(0, bytes, 12), bytes + 16, static_cast<uInt>(size - 16)));
  const std::int32_t need = qmtl_edge_need(file.get(), size);
  if (need < 0 || need > 1 << 18 || file[QE_W_X] > 1 << 16 || file[QE_W_Y] > 1 << 16) return 0;
  const std::unique_ptr<float[]> arena(new float[static_cast<std::size_t>(need) / 4]());
  qmtl_edge_head head;
  if (qmtl_edge_open(&head, file.get(), size, arena.get(), static_cast<std::size_t>(need)) != QMTL_EDGE_OK)
    return 0;
  const std::unique_ptr<float[]> x(new float[qmtl_edge_inputs(&head)]()),
      y(new float[qmtl_edge_outputs(&head)]());
  qmtl_edge_run(&head, x.get(), y.get());
  qmtl_edge_selftest(&head, y.get());
  for (std::uint32_t t = 0; t < qmtl_edge_task_count(&head); ++t) {
    qmtl_edge_item task;
    qmtl_edge_task(&head, t, &task);
    if (std::strlen(task.name) > size) __builtin_trap();
    qmtl_edge_probabilities(&task, y.get());
  }
  return 0;
}
