// SPDX-License-Identifier: Apache-2.0
// Forward and vector-Jacobian product of the race's workloads and of the default wide model, by plan.
// Counters: us_per_sample; GFLOPs by the planner's count; share of the FMA peak measured at start; vs_scalar:
// how many times faster than the portable kernels without vector instructions, in the same run. Goal: share
// above 0.3 from n = 8 on.
#include <benchmark/benchmark.h>

#include <chrono>

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/peak.h"
#include "tools/workflows/studies/workload.h"

namespace qmtl {
namespace {

struct Case {
  std::string name;
  Circuit circuit;
  std::size_t samples;
};

/// One step on its own data; the answers are checked by the tests.
class Step {
 public:
  Step(const Case& c, PlanKind kind, SimdTarget target)
      : engine_(make_plan(c.circuit, kind), target),
        samples_(c.samples),
        angles_(samples_ * engine_.angles()),
        cotangents_(samples_ * engine_.values()),
        values_(cotangents_.size()),
        gradients_(angles_.size()),
        params_(engine_.params()),
        sums_(params_.size()) {
    for (std::size_t i = 0; i < angles_.size(); ++i)
      angles_[i] = 0.001f * static_cast<float>(i % 3001) - 1.5f;
    for (std::size_t i = 0; i < cotangents_.size(); ++i)
      cotangents_[i] = 0.01f * static_cast<float>(i % 101) - 0.5f;
    for (std::size_t i = 0; i < params_.size(); ++i) params_[i] = 0.37 * static_cast<double>(i % 17) - 3.0;
  }
  void run() {
    engine_.bind(params_);
    engine_.vjp(samples_, angles_.data(), cotangents_.data(), values_.data(), gradients_.data(),
                sums_.data());
    benchmark::DoNotOptimize(gradients_.data());
  }
  double flops() const { return engine_.plan().cost.flops; }
  std::size_t samples() const { return samples_; }

 private:
  Engine<float> engine_;
  std::size_t samples_;
  std::vector<float> angles_, cotangents_, values_, gradients_;
  std::vector<double> params_, sums_;
};

double seconds_of(Step& step) {
  using Clock = std::chrono::steady_clock;
  double least = 1e300;
  step.run();
  for (int i = 0; i < 3; ++i) {
    const auto start = Clock::now();
    step.run();
    least = std::min(least, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return least;
}

void bench(benchmark::State& state, const Case& c, PlanKind kind) {
  static const double peak = fma_peak_gflops(1);
  Step step(c, kind, SimdTarget::best), scalar(c, kind, SimdTarget::scalar);
  const double slow = seconds_of(scalar);
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  for (auto _ : state) step.run();
  const double total = std::chrono::duration<double>(Clock::now() - start).count();
  const double seconds = total / static_cast<double>(state.iterations()),
               samples = static_cast<double>(c.samples);
  state.counters["us_per_sample"] = seconds / samples * 1e6;
  state.counters["GFLOPs"] = step.flops() * samples / seconds / 1e9;
  state.counters["share_of_peak"] = step.flops() * samples / seconds / 1e9 / peak;
  state.counters["vs_scalar"] = slow / seconds;
}

const bool registered = [] {
  std::vector<Case> cases;
  for (const Workload& w : read_workloads(QMTL_WORKLOADS))
    cases.push_back({w.name, w.circuit, static_cast<std::size_t>(w.samples)});
  for (const Case& c : cases)
    for (PlanKind kind : {PlanKind::state, PlanKind::operators, PlanKind::cones, PlanKind::pauli}) {
      if (kind == PlanKind::operators && c.circuit.blocks[0].qubits.size() > 6) continue;
      if ((kind == PlanKind::state || kind == PlanKind::operators) && c.circuit.qubits > 14) continue;
      if (kind == PlanKind::pauli && !expand_pauli(c.circuit, false)) continue;
      benchmark::RegisterBenchmark((c.name + "/" + std::string(name(kind))).c_str(),
                                   [c, kind](benchmark::State& state) { bench(state, c, kind); })
          ->Unit(benchmark::kMicrosecond);
    }
  return true;
}();

}  // namespace
}  // namespace qmtl
