// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/peak.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "runtime/engine/simd.h"

namespace qmtl {

double fma_peak_gflops(int threads, SimdTarget target) {
  const engine::KernelTable<float>& kernels = engine::kernels_for<float>(target);
  constexpr std::size_t rounds = 200000;
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    std::atomic<double> operations{0};
    std::vector<std::thread> pool;
    const auto start = Clock::now();
    auto burst = [&] { operations.fetch_add(kernels.fma_burst(rounds)); };
    for (int t = 1; t < threads; ++t) pool.emplace_back(burst);
    burst();
    for (std::thread& thread : pool) thread.join();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, operations.load() / seconds / 1e9);
  }
  return best;
}

}  // namespace qmtl
