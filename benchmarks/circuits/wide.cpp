// SPDX-License-Identifier: Apache-2.0
// Many tasks on a wide register beyond CZ: RX uploads, rotations of neighbouring pairs about ZZ, readouts X
// X. Every task reads X X of two qubits of its own behind a trained RY on each; the stage is an RX by the
// sample's angle, a trained RY and RZZ on neighbours, then a second time RX and RZZ. Prints microseconds a
// sample, forward and backward at batch 64, by Pauli expansions and by causal cones: processor time of one
// thread, the sizes in turns, the least of the rounds; and the slope of log(time) against log(tasks) with its
// 95 % interval. Goal: 1.00 +- .05. Few tasks are compared with one statevector first.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/engine/engine.h"

namespace qmtl {
namespace {

constexpr std::size_t batch = 64;
constexpr int rounds = 7;
const std::vector<int> sizes{64, 128, 256, 512, 1024};
/// Two-sided 95 % quantile of Student's t with three degrees of freedom, five sizes less a line's two
/// numbers.
constexpr double student = 3.18;

AnsatzSpec spec_of(int tasks, int layers) {
  CircuitLayer first;
  first.upload = Gate::rx;
  first.gates = {Gate::ry};
  first.entangler = Gate::rzz;
  first.pattern = PairPattern::line;
  CircuitLayer more = first;
  more.upload.reset();
  more.gates = {Gate::rx};
  AnsatzSpec spec;
  spec.qubits = 2 * tasks;
  spec.stage = {first};
  spec.stage.resize(static_cast<std::size_t>(layers), more);
  spec.register_size = spec.stride = 2;
  spec.observables = {"X0 X1"};
  spec.block_outputs.assign(static_cast<std::size_t>(tasks), 1);
  return spec;
}

class Step {
 public:
  Step(int tasks, int layers, PlanKind kind)
      : engine_(make_plan(build(spec_of(tasks, layers)), kind)),
        angles_(batch * static_cast<std::size_t>(engine_.angles())),
        cotangents_(batch * static_cast<std::size_t>(engine_.values())),
        values(cotangents_.size()),
        angle_gradients(angles_.size()),
        param_gradients(static_cast<std::size_t>(engine_.params())) {
    for (std::size_t i = 0; i < angles_.size(); ++i)
      angles_[i] = 0.001f * static_cast<float>(i % 3001) - 1.5f;
    for (std::size_t i = 0; i < cotangents_.size(); ++i)
      cotangents_[i] = 0.01f * static_cast<float>(i % 101) - 0.5f;
    std::vector<double> params(param_gradients.size());
    for (std::size_t i = 0; i < params.size(); ++i) params[i] = 0.37 * static_cast<double>(i % 17) - 3.0;
    engine_.bind(params);
  }

  void run() {
    std::fill(param_gradients.begin(), param_gradients.end(), 0.0);
    engine_.vjp(batch, angles_.data(), cotangents_.data(), values.data(), angle_gradients.data(),
                param_gradients.data());
  }
  /// Processor time of a sample, of some runs together.
  double microseconds() {
    const std::clock_t start = std::clock();
    int count = 0;
    do {
      run();
      ++count;
    } while (std::clock() - start < CLOCKS_PER_SEC / 50);
    return 1e6 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / count / batch;
  }
  const Plan& plan() const { return engine_.plan(); }

 private:
  Engine<float> engine_;
  std::vector<float> angles_, cotangents_;

 public:
  std::vector<float> values, angle_gradients;
  std::vector<double> param_gradients;
};

template <class Numbers>
double apart(const Numbers& a, const Numbers& b) {
  double most = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return most;
}

/// Some hundred roundings of single precision; trained numbers' gradients are sums over the batch.
void check(int layers, PlanKind kind) {
  Step expected(6, layers, PlanKind::state), found(6, layers, kind);
  expected.run();
  found.run();
  if (apart(expected.values, found.values) < 1e-5 &&
      apart(expected.angle_gradients, found.angle_gradients) < 1e-5 &&
      apart(expected.param_gradients, found.param_gradients) < 1e-5 * batch)
    return;
  std::fprintf(stderr, "wide: plan '%s' differs from the statevector\n", std::string(name(kind)).c_str());
  std::exit(1);
}

struct Slope {
  double value, interval;
};

Slope slope(const std::vector<double>& times) {
  const auto count = static_cast<double>(times.size());
  double x = 0, y = 0, xx = 0, xy = 0, left = 0;
  const auto at = [&](std::size_t i) { return std::log(static_cast<double>(sizes[i])); };
  for (std::size_t i = 0; i < times.size(); ++i) {
    x += at(i) / count;
    y += std::log(times[i]) / count;
  }
  for (std::size_t i = 0; i < times.size(); ++i) {
    xx += (at(i) - x) * (at(i) - x);
    xy += (at(i) - x) * (std::log(times[i]) - y);
  }
  for (std::size_t i = 0; i < times.size(); ++i)
    left += std::pow(std::log(times[i]) - y - xy / xx * (at(i) - x), 2);
  return {xy / xx, student * std::sqrt(left / (count - 2) / xx)};
}

void measure(int layers, PlanKind kind) {
  check(layers, kind);
  std::vector<Step> steps;
  for (int tasks : sizes) steps.emplace_back(tasks, layers, kind);
  std::vector<double> least(steps.size(), 1e300);
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < steps.size(); ++i) least[i] = std::min(least[i], steps[i].microseconds());
  const Plan& plan = steps.back().plan();
  std::printf("| %d | %s | %d | %.0f |", layers, std::string(name(kind)).c_str(), plan.widest,
              static_cast<double>(plan.terms) / sizes.back());
  for (double us : least) std::printf(" %.3g |", us);
  const Slope found = slope(least);
  std::printf(" %.3f +- %.3f |\n", found.value, found.interval);
  std::fflush(stdout);
}

}  // namespace
}  // namespace qmtl

int main() {
  std::printf("| layers | plan | widest | terms a task |");
  for (int tasks : qmtl::sizes) std::printf(" %d tasks |", tasks);
  std::printf(" slope |\n|---:|---|---:|---:|");
  for (std::size_t i = 0; i <= qmtl::sizes.size(); ++i) std::printf("---:|");
  std::printf("\n");
  for (int layers : {1, 2})
    for (qmtl::PlanKind kind : {qmtl::PlanKind::pauli, qmtl::PlanKind::cones}) qmtl::measure(layers, kind);
}
