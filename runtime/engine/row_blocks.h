// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <cstddef>

namespace qmtl::engine {

/// Large states are walked in blocks of 2^12 rows: several passes run on a block while it is in the caches
/// (with 16 samples 256 KiB a component), and from 2^16 rows on the blocks are shared among threads. The
/// blocks follow from the number of qubits alone, and sums over blocks are added in order: no bit depends on
/// threads.
inline constexpr int block_bits = 12, blocked_bits = 14, threaded_bits = 16;

constexpr std::size_t blocks_of(int qubits) {
  return qubits < blocked_bits ? 1 : std::size_t{1} << (qubits - block_bits);
}

/// each(block) for all blocks of a state.
template <class Each>
void for_blocks(int qubits, const Each& each) {
  const std::size_t blocks = blocks_of(qubits);
  if (qubits < threaded_bits) {
    for (std::size_t b = 0; b < blocks; ++b) each(b);
    return;
  }
  // Isolated: a thread that waits here must not start another unit on its working memory.
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, blocks, 1),
        [&](const auto& range) {
          for (std::size_t b = range.begin(); b < range.end(); ++b) each(b);
        },
        tbb::simple_partitioner());
  });
}

}  // namespace qmtl::engine
