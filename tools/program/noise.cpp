// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "distributed/launch/cores.h"
#include "runtime/base/error.h"
#include "tools/program/noise_options.h"
#include "tools/program/options.h"
#include "tools/workflows/studies/noisy_circuits.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

const Usage usage{
    "qmtl noise (--circuit FILE | --checkpoint RUN) [options]",
    "Simulates circuits on a noisy device: probabilities of bitstrings, or with --shots counts of them "
    "(qubits[0]\n"
    "rightmost), and the schedule that was simulated. FILE holds one JSON object or a list of them; with\n"
    "--checkpoint, every task block's circuit of the first --samples samples of the test split is run.\n"
    "  {\"qubits\": 3, \"ops\": [[\"ry\", 0, 0.3], [\"cz\", 0, 1]], \"measure\": [0, 1]}",
    "  qmtl noise --circuit bell.json --noise noise.toml --shots 1000 --json\n"
    "  qmtl noise --checkpoint runs/digits --samples 2 --noise noise.toml --json"};

Json to_json(const BlockRun& run, bool shots) {
  Json json{{"sample", run.sample},
            {"block", run.block},
            {"qubits", run.qubits},
            {"measured", run.part.measured},
            {"method", name(run.part.method)},
            {"cone", run.part.cone},
            {"qubits_alive", run.part.peak}};
  auto& schedule = json["schedule"] = Json::array();
  for (const BlockRun::Step& step : run.schedule) {
    Json row{step.slice, std::string(info(step.gate).name), step.qubits};
    if (step.angle) row.push_back(*step.angle);
    schedule.push_back(std::move(row));
  }
  if (shots)
    json["counts"] = run.counts;
  else
    json["probabilities"] = run.probabilities;
  return json;
}

void print(const Json& result) {
  std::printf("sample %d, block %d: %d qubits in the cone, %d at once, %s\n", result["sample"].get<int>(),
              result["block"].get<int>(), result["cone"].get<int>(), result["qubits_alive"].get<int>(),
              result["method"].get<std::string>().c_str());
  if (result.contains("counts")) {
    for (const auto& [bits, count] : result["counts"].items())
      std::printf("  %s %10llu\n", bits.c_str(), static_cast<unsigned long long>(count.get<std::uint64_t>()));
    return;
  }
  const auto width = result["measured"].size();
  for (std::size_t i = 0; i < result["probabilities"].size(); ++i) {
    std::string bits;
    for (std::size_t q = width; q-- > 0;) bits += (i >> q & 1) ? '1' : '0';
    std::printf("  %s %12.9f\n", bits.c_str(), result["probabilities"][i].get<double>());
  }
}

}  // namespace

int noise_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of noise");
  own.add_options()("circuit", po::value<std::string>()->value_name("FILE"), "circuits in JSON")(
      "checkpoint", po::value<std::string>()->value_name("RUN"), "a checkpoint or run folder instead")(
      "data", po::value<std::string>()->value_name("FILE"), "another data set than the one of training")(
      "samples", po::value<std::size_t>()->value_name("N"), "of the test split, from its start (default 1)");
  add_noise_options(own);
  const auto options = parse_options(ranks, usage, own, {}, {}, args);
  if (!options) return 0;
  const ThreadLimit limit(find_cores(ranks), options->common.threads);
  if (options->has("circuit") == options->has("checkpoint"))
    throw usage_error("expected either --circuit or --checkpoint. Usage: " + usage.line);
  NoiseRequest request = read_noise_request(*options);
  request.options.joint = request.options.shots == 0;
  std::vector<NoisyCircuit> circuits;
  if (options->has("circuit"))
    circuits = read_noisy_circuits(options->text("circuit"));
  else
    circuits.push_back(head_circuit(
        ranks, options->text("checkpoint"), options->text_or("data", ""),
        options->has("samples") ? options->values["samples"].as<std::size_t>() : 1, options->common.simd));
  auto results = Json::array();
  for (const NoisyCircuit& circuit : circuits)
    for (const BlockRun& run : run_noisy(circuit, request))
      results.push_back(to_json(run, request.options.shots > 0));
  if (options->common.json)
    std::cout << results.dump() << std::endl;
  else
    for (const Json& result : results) print(result);
  return 0;
}

}  // namespace qmtl
