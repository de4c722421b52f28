// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tbb/parallel_for.h>

#include <atomic>
#include <cstddef>

namespace qmtl {

/// Runs body(0) .. body(count - 1), possibly at once, and returns when all are done. The counters order each
/// call after what came before and before what comes after in a way that ThreadSanitizer sees: it cannot look
/// into oneTBB.
template <class Body>
void run_parallel(std::size_t count, const Body& body) {
  std::atomic<bool> started{false};
  std::atomic<std::size_t> done{0};
  started.store(true, std::memory_order_release);
  tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
    started.load(std::memory_order_acquire);
    body(i);
    done.fetch_add(1, std::memory_order_acq_rel);
  });
  done.load(std::memory_order_acquire);
}

}  // namespace qmtl
