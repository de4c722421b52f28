// SPDX-License-Identifier: Apache-2.0
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "runtime/engine/engine.h"
#include "runtime/engine/peak.h"
#include "tools/program/commands.h"
#include "distributed/launch/cores.h"
#include "tools/program/options.h"
#include "tools/workflows/studies/workload.h"

namespace qmtl {
namespace {

const Usage usage{
    "qmtl bench --workload FILE [options]",
    "Times one training step's quantum work (outputs and their exact vector-Jacobian product) and\n"
    "checks the answers: against those in the file, else against the engine in double precision.\n"
    "FILE holds a JSON object or a list of them; tools/REFERENCE.md shows its keys.",
    "  qmtl bench --workload workloads.json --threads 1 --json\n"
    "  qmtl bench --workload w.json --plan operators --precision double"};

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
  Runner(const Workload& w, PlanKind kind, SimdTarget target, std::size_t shard)
      : engine_(make_plan(w.circuit, kind), target),
        x_(w.x.begin(), w.x.end()),
        g_(w.g.begin(), w.g.end()),
        params_(w.params),
        samples_(w.samples),
        shard_(shard) {
    answer_.y.resize(g_.size());
    answer_.gx.resize(x_.size());
    units_.resize((samples_ + shard - 1) / shard);
  }

  const Answer<Real>& step() {
    engine_.bind(params_);
    const std::size_t a = engine_.angles(), v = engine_.values();
    tbb::parallel_for(
        std::size_t{0}, units_.size(),
        [&](std::size_t u) {
          const std::size_t first = u * shard_, count = std::min(shard_, samples_ - first);
          units_[u].assign(engine_.sums_size(), 0.0);
          engine_.vjp_sums(count, &x_[first * a], &g_[first * v], &answer_.y[first * v],
                           &answer_.gx[first * a], units_[u].data());
        },
        tbb::simple_partitioner());
    answer_.params.assign(params_.size(), 0.0);
    for (std::size_t u = 1; u < units_.size(); ++u)
      for (std::size_t i = 0; i < units_[u].size(); ++i) units_[0][i] += units_[u][i];
    engine_.gradients(units_[0], answer_.params.data());
    return answer_;
  }

  const Engine<Real>& engine() const { return engine_; }

 private:
  Engine<Real> engine_;
  std::vector<Real> x_, g_;
  std::vector<double> params_;
  std::size_t samples_, shard_;
  Answer<Real> answer_;
  std::vector<std::vector<double>> units_;
};

/// Largest difference of an array from the expected one: absolute, and relative to the largest expected
/// entry.
struct ErrorPair {
  double absolute = 0, relative = 0;
  template <class Found, class Expected>
  void add(const Found& found, const Expected& expected) {
    double difference = 0, largest = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double d = std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
      difference = std::isnan(d) ? INFINITY : std::max(difference, d);
      largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
    }
    absolute = std::max(absolute, difference);
    if (largest > 0) relative = std::max(relative, difference / largest);
  }
};

template <class Real>
ErrorPair compare(const Answer<Real>& answer, const Workload& w, SimdTarget target) {
  ErrorPair error;
  if (w.has_expected()) {
    error.add(answer.y, w.y);
    error.add(answer.gx, w.gx);
    error.add(answer.params, w.gparams);
    return error;
  }
  Runner<double> exact(w, w.circuit.qubits > 14 ? PlanKind::cones : PlanKind::state, target, tile_samples);
  const Answer<double>& expected = exact.step();
  error.add(answer.y, expected.y);
  error.add(answer.gx, expected.gx);
  error.add(answer.params, expected.params);
  return error;
}

struct Settings {
  PlanKind plan;
  SimdTarget simd;
  int threads;
  std::size_t shard;
  double seconds;
};

template <class Real>
nlohmann::ordered_json run(const Workload& w, const Settings& settings) {
  // One unit a thread. (Training fixes its units by the configuration; here no bits are compared between
  // runs.)
  const std::size_t even = (static_cast<std::size_t>(w.samples) + settings.threads - 1) / settings.threads;
  const std::size_t automatic = (even + tile_samples - 1) / tile_samples * tile_samples;
  const std::size_t shard = settings.shard ? settings.shard : automatic;
  Runner<Real> runner(w, settings.plan, settings.simd, shard);
  const ErrorPair error = compare(runner.step(), w, settings.simd);
  const double peak = fma_peak_gflops(settings.threads, settings.simd);

  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  double total = 0;
  runner.step();
  while (times.size() < 7 || (total < settings.seconds && times.size() < 100000)) {
    const auto start = Clock::now();
    runner.step();
    times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    total += times.back();
  }
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2], us = median / w.samples * 1e6;

  nlohmann::ordered_json json;
  json["workload"] = w.name;
  json["threads"] = settings.threads;
  json["precision"] = sizeof(Real) == 4 ? "float" : "double";
  json["simd"] = name(runner.engine().target());
  json["plan"] = name(runner.engine().plan().kind);
  json["samples"] = w.samples;
  json["shard"] = shard;
  json["repeats"] = times.size();
  json["us_per_sample"] = us;
  json["us_per_sample_least"] = times.front() / w.samples * 1e6;
  json["us_per_sample_task"] = us / static_cast<double>(w.circuit.blocks.size());
  json["expected_us_per_sample"] = runner.engine().plan().cost.seconds * 1e6;
  json["flops_per_sample"] = runner.engine().plan().cost.flops;
  json["peak_gflops"] = peak;
  json["peak_kflop_per_sample"] = us * peak;  // us * GFLOP/s = kFLOP that the peak would do in that time
  json["max_error"] = error.absolute;
  json["max_relative_error"] = error.relative;
  json["checked_against"] = w.has_expected() ? "file" : "double";
  return json;
}

}  // namespace

int bench_command(const Comm& comm, const Arguments& args) {
  namespace po = boost::program_options;
  po::options_description own("Options of bench");
  own.add_options()("workload", po::value<std::string>(), "JSON file with one workload or a list")(
      "name", po::value<std::string>(), "only the workload with this name")(
      "plan", po::value<std::string>()->default_value("auto"),
      "auto, state, operators, cones, pauli or mixed")(
      "precision", po::value<std::string>()->default_value("float"), "float or double")(
      "shard", po::value<int>()->default_value(0),
      "samples per unit, a multiple of 16; 0: the batch over the threads")(
      "seconds", po::value<double>()->default_value(2.0), "measuring time per workload");
  const auto options = parse_options(comm, usage, own, {}, {"workload"}, args);
  if (!options) return 0;
  const ThreadLimit limit(find_cores(comm), options->common.threads);
  const int shard = options->values["shard"].as<int>();
  if (shard < 0 || shard % static_cast<int>(tile_samples))
    throw usage_error("--shard: expected a multiple of 16, found " + std::to_string(shard));
  const std::string precision = options->text("precision");
  if (precision != "float" && precision != "double")
    throw usage_error("--precision: expected float or double, found '" + precision + "'");
  const Settings settings{parse_plan_kind(options->text("plan")), options->common.simd, limit.count(),
                          static_cast<std::size_t>(shard), options->values["seconds"].as<double>()};

  auto results = nlohmann::ordered_json::array();
  bool found = false;
  for (const Workload& w : read_workloads(options->text("workload"))) {
    if (options->has("name") && options->text("name") != w.name) continue;
    found = true;
    const auto json = precision == "float" ? run<float>(w, settings) : run<double>(w, settings);
    if (!options->common.json)
      std::printf(
          "%-10s %-9s %-6s threads %d  %10.4f us/sample  %9.4f us/sample/task  %8.1f peak kFLOP/sample (of "
          "%.0f "
          "GFLOP/s)  max error %.1e\n",
          w.name.c_str(), json["plan"].get<std::string>().c_str(), json["simd"].get<std::string>().c_str(),
          settings.threads, json["us_per_sample"].get<double>(), json["us_per_sample_task"].get<double>(),
          json["peak_kflop_per_sample"].get<double>(), json["peak_gflops"].get<double>(),
          json["max_error"].get<double>());
    std::fflush(stdout);
    results.push_back(json);
  }
  if (!found) throw usage_error("--name: no workload '" + options->text("name") + "' in the file");
  if (options->common.json) std::cout << (results.size() == 1 ? results[0] : results).dump(2) << std::endl;
  return 0;
}

}  // namespace qmtl
