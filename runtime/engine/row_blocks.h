// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tbb/task_arena.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "runtime/base/parallel.h"

namespace qmtl::engine {

/// Large states are walked in blocks of 2^12 rows: several passes run on a block while it is in the caches
/// (with 16 samples 256 KiB a component), and from 2^16 rows on the blocks are shared among threads. The
/// blocks follow from the number of qubits alone, and sums over blocks are added in order: no bit depends on
/// threads.
inline constexpr int block_bits = 12, blocked_bits = 14, threaded_bits = 16;

/// From 2^14 rows on the top `lane_qubits` qubits can be the lanes of a 256-bit register instead of samples.
/// Every sum over the amplitudes of such a state is cut accordingly, whatever the lanes are: one sum for each
/// value of the lane qubits, over the other qubits' indices in blocks; then the blocks in order; then the
/// values by a fixed tree. So a sample has the same bits either way.
template <class Real>
inline constexpr int lane_qubits = sizeof(Real) == 4 ? 3 : 2;
template <class Real>
inline constexpr std::size_t lane_values = std::size_t{1} << lane_qubits<Real>;

constexpr bool cut_sums(int qubits) { return qubits >= blocked_bits; }

/// Blocks of each of those sums.
template <class Real>
constexpr std::size_t sum_blocks(int qubits) {
  const int bits = qubits - lane_qubits<Real> - block_bits;
  return bits > 0 ? std::size_t{1} << bits : 1;
}

/// How many sums the sum over the other qubits of a register is cut into: one for each value of the lane
/// qubits outside of the register, which come last in a Split's rows.
template <class Real>
std::size_t outer_values(int qubits, const std::vector<int>& reg) {
  if (!cut_sums(qubits)) return 1;
  std::size_t values = lane_values<Real>;
  for (const int q : reg) values >>= q >= qubits - lane_qubits<Real> ? 1 : 0;
  return values;
}

/// Whether a readout is on all qubits of such a state in their order: its sum is then cut as well.
inline bool cut_readout(int qubits, const std::vector<int>& reg) {
  return cut_sums(qubits) && static_cast<int>(reg.size()) == qubits && std::is_sorted(reg.begin(), reg.end());
}

constexpr std::size_t blocks_of(int qubits) {
  return qubits < blocked_bits ? 1 : std::size_t{1} << (qubits - block_bits);
}

/// each(block) for 0 .. blocks - 1.
template <class Each>
void for_each_block(bool threads, std::size_t blocks, const Each& each) {
  if (!threads || blocks == 1) {
    for (std::size_t b = 0; b < blocks; ++b) each(b);
    return;
  }
  // Isolated: a thread that waits here must not start another unit on its working memory.
  tbb::this_task_arena::isolate([&] { run_parallel<tbb::simple_partitioner>(blocks, each); });
}

/// each(block) for all blocks of a state.
template <class Each>
void for_blocks(int qubits, const Each& each) {
  for_each_block(qubits >= threaded_bits, blocks_of(qubits), each);
}

}  // namespace qmtl::engine
