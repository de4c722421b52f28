// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/step_time.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <vector>

#include "runtime/base/names.h"
#include "runtime/base/parallel.h"
#include "runtime/engine/peak.h"

namespace qmtl {
namespace {

constexpr Names<StepKind> step_kinds("kind of step", {"batch", "training"});

/// Outputs and gradients of a whole batch.
template <class Real>
struct Answer {
  std::vector<Real> y, gx;
  std::vector<double> params;
};

/// Runs the batch in units of `shard` samples, in parallel, and sums the units in order.
template <class Real>
class Runner {
 public:
  Runner(const Workload& w, PlanKind plan, SimdTarget simd, StepKind step, std::size_t shard)
      : engine_(make_plan(w.circuit, plan), simd),
        step_(step),
        x_(w.x.begin(), w.x.end()),
        g_(w.g.begin(), w.g.end()),
        params_(w.params),
        samples_(static_cast<std::size_t>(w.samples)),
        shard_(shard) {
    answer_.y.resize(g_.size());
    answer_.gx.resize(x_.size());
    units_.resize((samples_ + shard - 1) / shard);
  }

  const Answer<Real>& step() {
    engine_.bind(params_);
    const bool batch = step_ == StepKind::batch;
    run_parallel<tbb::simple_partitioner>(units_.size(), [&](std::size_t unit) {
      units_[unit].assign(batch ? engine_.sums_size() : params_.size(), 0.0);
      batch ? add_sums(unit) : add_gradient(unit);
    });
    for (std::size_t u = 1; u < units_.size(); ++u)
      for (std::size_t i = 0; i < units_[u].size(); ++i) units_[0][i] += units_[u][i];
    if (batch) {
      answer_.params.assign(params_.size(), 0.0);
      engine_.gradients(units_[0], answer_.params.data());
    } else {
      answer_.params = units_[0];
    }
    return answer_;
  }

  const Engine<Real>& engine() const { return engine_; }

 private:
  std::size_t count(std::size_t unit) const { return std::min(shard_, samples_ - unit * shard_); }
  std::size_t at_angle(std::size_t unit) const {
    return unit * shard_ * static_cast<std::size_t>(engine_.angles());
  }
  std::size_t at_value(std::size_t unit) const {
    return unit * shard_ * static_cast<std::size_t>(engine_.values());
  }

  void add_sums(std::size_t unit) {
    const std::size_t a = at_angle(unit), v = at_value(unit);
    engine_.vjp_sums(count(unit), &x_[a], &g_[v], &answer_.y[v], &answer_.gx[a], units_[unit].data());
  }
  void add_gradient(std::size_t unit) {
    const std::size_t a = at_angle(unit), v = at_value(unit), columns = at_value(1) / shard_;
    const auto cotangents = [&](std::size_t first, std::size_t rows, const Real*, Real* out) {
      std::copy_n(&g_[v + first * columns], rows * columns, out);
    };
    engine_.vjp(count(unit), &x_[a], cotangents, &answer_.y[v], &answer_.gx[a], units_[unit].data());
  }

  Engine<Real> engine_;
  StepKind step_;
  std::vector<Real> x_, g_;
  std::vector<double> params_;
  std::size_t samples_, shard_;
  Answer<Real> answer_;
  std::vector<std::vector<double>> units_;
};

/// The largest difference, absolute and over the largest expected entry of its array.
template <class Found, class Expected>
void add_error(StepTime& time, const Found& found, const Expected& expected) {
  double difference = 0, largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double d = std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
    difference = std::isnan(d) ? INFINITY : std::max(difference, d);
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  time.absolute_error = std::max(time.absolute_error, difference);
  if (largest > 0) time.relative_error = std::max(time.relative_error, difference / largest);
}

template <class Real>
void check(StepTime& time, const Answer<Real>& answer, const Workload& w, SimdTarget simd) {
  const auto add = [&](const auto& y, const auto& gx, const auto& params) {
    add_error(time, answer.y, y);
    add_error(time, answer.gx, gx);
    add_error(time, answer.params, params);
  };
  if (w.has_expected()) return add(w.y, w.gx, w.gparams);
  Runner<double> exact(w, w.circuit.qubits > 14 ? PlanKind::cones : PlanKind::state, simd, StepKind::batch,
                       tile_samples);
  const Answer<double>& expected = exact.step();
  add(expected.y, expected.gx, expected.params);
}

std::size_t unit_of(const Workload& w, const StepTimeRequest& request) {
  if (request.shard) return request.shard;
  if (request.step == StepKind::training) return tile_samples;
  const auto threads = static_cast<std::size_t>(request.threads);
  const std::size_t even = (static_cast<std::size_t>(w.samples) + threads - 1) / threads;
  return (even + tile_samples - 1) / tile_samples * tile_samples;
}

template <class Real>
StepTime time_as(const Workload& w, const StepTimeRequest& request) {
  StepTime time;
  time.shard = unit_of(w, request);
  Runner<Real> runner(w, request.plan, request.simd, request.step, time.shard);
  check(time, runner.step(), w, request.simd);
  time.plan = runner.engine().plan();
  time.simd = runner.engine().target();
  time.peak_gflops = fma_peak_gflops(request.threads, request.simd);

  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  double total = 0;
  runner.step();
  while (times.size() < 7 || (total < request.seconds && times.size() < 100000)) {
    const auto start = Clock::now();
    runner.step();
    times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    total += times.back();
  }
  std::sort(times.begin(), times.end());
  time.repeats = times.size();
  time.median = times[times.size() / 2];
  time.least = times.front();
  return time;
}

}  // namespace

std::string_view name(StepKind kind) { return step_kinds.name(kind); }
StepKind parse_step_kind(const std::string& text) { return step_kinds.parse(text); }

StepTime time_step(const Workload& workload, const StepTimeRequest& request) {
  return request.double_precision ? time_as<double>(workload, request) : time_as<float>(workload, request);
}

}  // namespace qmtl
