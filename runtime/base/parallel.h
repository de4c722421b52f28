// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>

#include <atomic>
#include <cstddef>

namespace qmtl {

/// Runs body(0) .. body(count - 1), possibly at once, and returns when all are done; as they are handed out,
/// `grain` at least in a row. What a body throws is thrown, when no other one is running any more.
///
/// The counters order each call after what came before and before what comes after in a way that
/// ThreadSanitizer sees: it cannot look into oneTBB.
template <class Partitioner = tbb::auto_partitioner, class Body>
void run_parallel(std::size_t count, const Body& body, std::size_t grain = 1) {
  std::atomic<bool> started{false};
  std::atomic<std::size_t> done{0};
  started.store(true, std::memory_order_release);
  tbb::parallel_for(
      tbb::blocked_range<std::size_t>(0, count, grain),
      [&](const tbb::blocked_range<std::size_t>& range) {
        started.load(std::memory_order_acquire);
        for (std::size_t i = range.begin(); i < range.end(); ++i) body(i);
        done.fetch_add(1, std::memory_order_acq_rel);
      },
      Partitioner());
  done.load(std::memory_order_acquire);
}

}  // namespace qmtl
