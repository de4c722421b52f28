// SPDX-License-Identifier: Apache-2.0
// Large states and small batches on one thread: outputs alone and with gradients, amplitudes as lanes against
// samples as lanes in the same run, by processor time. Counters: ms_per_sample as the engine chooses, samples
// and amplitudes with each kind of lane (the least of several runs); gain: samples over automatic; GFLOPs of
// the rotations (outputs) or by the planner's count (gradients); share of the FMA peak measured at start.
// Goal: a sample costs at batch 1 what it costs in a full tile.
#include <benchmark/benchmark.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/peak.h"

namespace qmtl {
namespace {

struct Case {
  int qubits;
  Entangler entangler;
  std::size_t batch;
  bool gradient;
};

constexpr int layers = 3;  ///< of rotations: two of the shared stage, of which the first is a product state

AnsatzSpec spec_of(const Case& c) {
  AnsatzSpec spec;
  spec.qubits = c.qubits;
  spec.layers = layers - 1;
  spec.entangler = spec.block_entangler = c.entangler;
  spec.placement = Placement::global;
  spec.block_outputs = {1, 1};
  return spec;
}

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class Step {
 public:
  explicit Step(const Case& c)
      : case_(c),
        engine_(make_plan(build(spec_of(c)), PlanKind::state)),
        angles_(c.batch * static_cast<std::size_t>(engine_.angles())),
        cotangents_(c.batch * static_cast<std::size_t>(engine_.values()), 0.1f),
        values_(cotangents_.size()),
        gradients_(angles_.size()),
        sums_(static_cast<std::size_t>(engine_.params())) {
    for (std::size_t i = 0; i < angles_.size(); ++i)
      angles_[i] = 0.001f * static_cast<float>(i % 3001) - 1.5f;
    std::vector<double> params(sums_.size());
    for (std::size_t i = 0; i < params.size(); ++i) params[i] = 0.37 * static_cast<double>(i % 17) - 3.0;
    engine_.bind(params);
  }

  void run() {
    if (case_.gradient)
      engine_.vjp(case_.batch, angles_.data(), cotangents_.data(), values_.data(), gradients_.data(),
                  sums_.data());
    else
      engine_.forward(case_.batch, angles_.data(), values_.data());
    benchmark::DoNotOptimize(values_.data());
  }

  double least_seconds(LaneUse lanes) {
    engine_.set_lanes(lanes);
    double least = 1e300;
    for (int i = 0; i < 4; ++i) {
      const double start = processor_seconds();
      run();
      if (i > 0) least = std::min(least, processor_seconds() - start);
    }
    return least;
  }

  /// Of a sample.
  double flops() const {
    if (case_.gradient) return engine_.plan().cost.flops;
    // Every block runs its layer on the shared state; a rotation takes a multiply-add for each amplitude.
    const double rotations = case_.qubits * (layers - 2 + static_cast<double>(engine_.outputs()));
    return 2 * rotations * std::ldexp(1.0, case_.qubits);
  }

 private:
  Case case_;
  Engine<float> engine_;
  std::vector<float> angles_, cotangents_, values_, gradients_;
  std::vector<double> sums_;
};

void bench(benchmark::State& state, const Case& c) {
  const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
  static const double peak = fma_peak_gflops(1);
  Step step(c);
  const double batch = static_cast<double>(c.batch), samples = step.least_seconds(LaneUse::samples),
               amplitudes = step.least_seconds(LaneUse::amplitudes),
               automatic = step.least_seconds(LaneUse::automatic), rate = step.flops() * batch / automatic;
  for (auto _ : state) step.run();
  state.counters["ms_per_sample"] = 1e3 * automatic / batch;
  state.counters["samples"] = 1e3 * samples / batch;
  state.counters["amplitudes"] = 1e3 * amplitudes / batch;
  state.counters["gain"] = samples / automatic;
  state.counters["GFLOPs"] = rate / 1e9;
  state.counters["share_of_peak"] = rate / 1e9 / peak;
}

const bool registered = [] {
  for (Entangler entangler : {Entangler::cz_ring, Entangler::cx_ring})
    for (bool gradient : {false, true})
      for (int qubits : {14, 16, 18, 20})
        for (std::size_t batch : {1, 2, 4, 16}) {
          const Case c{qubits, entangler, batch, gradient};
          const std::string title = std::string(name(entangler)) + (gradient ? "/gradients/" : "/outputs/") +
                                    std::to_string(qubits) + "/" + std::to_string(batch);
          benchmark::RegisterBenchmark(title.c_str(), [c](benchmark::State& state) { bench(state, c); })
              ->Unit(benchmark::kMillisecond)
              ->Iterations(1);
        }
  return true;
}();

}  // namespace
}  // namespace qmtl
