// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "distributed/launch/cores.h"
#include "io/files/atomic_file.h"
#include "tools/program/commands.h"
#include "tools/program/number_list.h"
#include "tools/program/options.h"
#include "tools/workflows/studies/noise_sweep.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{"qmtl sweep CHECKPOINT [options]",
                  "The test score of a trained model against the number of shots (mean and deviation over "
                  "seeds) and against the\n"
                  "strength p of depolarising noise: p after gates on one qubit, 10 p after gates on two. "
                  "Mitigated: the logits\n"
                  "extrapolated to no noise from p and 2 p. Writes noise.json for qmtl report.",
                  "  qmtl sweep runs/digits --shots 0,64,256,1024 --strengths 0,0.001,0.003,0.01\n"
                  "  qmtl report runs/digits runs/digits/noise.json"};

NoiseSweepRequest request_of(const Options& options) {
  NoiseSweepRequest request{.checkpoint = options.text("checkpoint"),
                            .shots = number_list<std::int64_t>("shots", options.text("shots"), 0, 1e9),
                            .strengths = number_list<double>("strengths", options.text("strengths"), 0, 0.09),
                            .repeats = options.values["repeats"].as<int>(),
                            .rows = static_cast<std::size_t>(std::max(0, options.values["rows"].as<int>())),
                            .simd = options.common.simd};
  if (request.repeats < 1) throw usage_error("--repeats: expected at least 1");
  request.noisy.seed = options.values["seed"].as<std::uint64_t>();
  request.noisy.trajectories = options.values["trajectories"].as<std::int64_t>();
  return request;
}

}  // namespace

int sweep_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of sweep");
  own.add_options()("shots", po::value<std::string>()->default_value("0,64,256,1024"),
                    "numbers of shots; 0: exact")(
      "strengths", po::value<std::string>()->default_value("0,0.001,0.003,0.01,0.03"),
      "of depolarising noise")("repeats", po::value<int>()->default_value(3),
                               "seeds for each number of shots")(
      "seed", po::value<std::uint64_t>()->default_value(0), "the first of them")(
      "trajectories", po::value<std::int64_t>()->default_value(1000),
      "averaged where a density matrix is too large")("rows", po::value<int>()->default_value(0),
                                                      "only the first N test samples; 0: all")(
      "out", po::value<std::string>()->value_name("FILE"), "default: noise.json beside the checkpoints");
  const auto options = parse_options(ranks, usage, own, {"checkpoint"}, {"checkpoint"}, args);
  if (!options) return 0;
  const ThreadLimit threads(find_cores(ranks), options->common.threads);
  NoiseSweepRequest request;
  std::string out;
  ranks.together([&] {
    request = request_of(*options);
    const std::filesystem::path path = request.checkpoint;
    const auto folder = std::filesystem::is_directory(path) ? path : path.parent_path();
    out = options->text_or("out", (folder / "noise.json").string());
  });
  const auto json = sweep_noise(ranks, request);
  ranks.together([&] {
    if (!ranks.root()) return;
    write_file(out, json.dump(1) + "\n");
    if (options->common.json)
      std::cout << json.dump(2) << std::endl;
    else
      std::cout << noise_sweep_text(json) << "\n" << out << std::endl;
  });
  return 0;
}

}  // namespace qmtl
