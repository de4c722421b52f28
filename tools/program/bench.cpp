// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "distributed/launch/cores.h"
#include "tools/program/commands.h"
#include "tools/program/options.h"
#include "tools/workflows/studies/step_time.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

const Usage usage{
    "qmtl bench --workload FILE [options]",
    "Times one training step's quantum work (outputs and their exact vector-Jacobian product) and\n"
    "checks the answers: against those in the file, else against the engine in double precision.\n"
    "FILE holds a JSON object or a list of them; tools/REFERENCE.md shows its keys.",
    "  qmtl bench --workload workloads.json --threads 1 --json\n"
    "  qmtl bench --workload w.json --plan operators --precision double"};

Json to_json(const Workload& w, const StepTimeRequest& request, const StepTime& time) {
  const double us = time.median / w.samples * 1e6;
  return {{"workload", w.name},
          {"threads", request.threads},
          {"precision", request.double_precision ? "double" : "float"},
          {"simd", name(time.simd)},
          {"plan", name(time.plan.kind)},
          {"step", name(request.step)},
          {"samples", w.samples},
          {"shard", time.shard},
          {"repeats", time.repeats},
          {"us_per_sample", us},
          {"us_per_sample_least", time.least / w.samples * 1e6},
          {"us_per_sample_task", us / static_cast<double>(w.circuit.blocks.size())},
          {"expected_us_per_sample", time.plan.cost.seconds * 1e6},
          {"flops_per_sample", time.plan.cost.flops},
          {"peak_gflops", time.peak_gflops},
          // us * GFLOP/s = kFLOP that the peak would do in that time
          {"peak_kflop_per_sample", us * time.peak_gflops},
          {"max_error", time.absolute_error},
          {"max_relative_error", time.relative_error},
          {"checked_against", w.has_expected() ? "file" : "double"}};
}

std::string text_of(const Json& json) {
  const auto number = [&](const char* key) { return json[key].get<double>(); };
  return fmt::format(
      "{:<10} {:<9} {:<6} threads {}  {:10.4f} us/sample  {:9.4f} us/sample/task  {:8.1f} peak kFLOP/sample "
      "(of {:.0f} GFLOP/s)  max error {:.1e}",
      json["workload"].get<std::string>(), json["plan"].get<std::string>(), json["simd"].get<std::string>(),
      json["threads"].get<int>(), number("us_per_sample"), number("us_per_sample_task"),
      number("peak_kflop_per_sample"), number("peak_gflops"), number("max_error"));
}

StepTimeRequest request_of(const Options& options, int threads) {
  const int shard = options.values["shard"].as<int>();
  if (shard < 0 || shard % static_cast<int>(tile_samples))
    throw usage_error("--shard: expected a multiple of 16, found " + std::to_string(shard));
  const std::string precision = options.text("precision");
  if (precision != "float" && precision != "double")
    throw usage_error("--precision: expected float or double, found '" + precision + "'");
  return {.plan = parse_plan_kind(options.text("plan")),
          .simd = options.common.simd,
          .step = parse_step_kind(options.text("step")),
          .double_precision = precision == "double",
          .threads = threads,
          .shard = static_cast<std::size_t>(shard),
          .seconds = options.values["seconds"].as<double>()};
}

}  // namespace

int bench_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of bench");
  own.add_options()("workload", po::value<std::string>(), "JSON file with one workload or a list")(
      "name", po::value<std::string>(), "only the workload with this name")(
      "plan", po::value<std::string>()->default_value("auto"),
      "auto, state, operators, cones, pauli or mixed")(
      "precision", po::value<std::string>()->default_value("float"), "float or double")(
      "step", po::value<std::string>()->default_value("batch"),
      "batch: one gradient for the batch; training: one for each unit, as `qmtl train` does")(
      "shard", po::value<int>()->default_value(0),
      "samples per unit, a multiple of 16; 0: the batch over the threads, or 16 with --step training")(
      "seconds", po::value<double>()->default_value(2.0), "measuring time per workload");
  const auto options = parse_options(ranks, usage, own, {}, {"workload"}, args);
  if (!options) return 0;
  const ThreadLimit limit(find_cores(ranks), options->common.threads);
  const StepTimeRequest request = request_of(*options, limit.count());

  Json results = Json::array();
  for (const Workload& w : read_workloads(options->text("workload"))) {
    if (options->has("name") && options->text("name") != w.name) continue;
    results.push_back(to_json(w, request, time_step(w, request)));
    if (!options->common.json) std::cout << text_of(results.back()) << std::endl;
  }
  if (results.empty()) throw usage_error("--name: no workload '" + options->text("name") + "' in the file");
  if (options->common.json) std::cout << (results.size() == 1 ? results[0] : results).dump(2) << std::endl;
  return 0;
}

}  // namespace qmtl
