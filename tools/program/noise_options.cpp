// SPDX-License-Identifier: Apache-2.0
#include "tools/program/noise_options.h"

#include "tools/workflows/training/load.h"

namespace qmtl {
namespace po = boost::program_options;

void add_noise_options(po::options_description& options) {
  auto add = options.add_options();
  add("noise", po::value<std::string>()->value_name("FILE"),
      "noise model: TOML, or the properties of an IBM backend (.json); io/FORMATS.md");
  add("method", po::value<std::string>()->value_name("NAME"),
      "auto (default), density (exact) or trajectories");
  add("shots", po::value<std::int64_t>()->value_name("N"),
      "measurements of every circuit (default 0: exact expectations)");
  add("trajectories", po::value<std::int64_t>()->value_name("N"),
      "trajectories to average without shots (default 1000)");
  add("seed", po::value<std::uint64_t>()->value_name("N"), "of shots and trajectories (default 0)");
}

NoiseRequest read_noise_request(const Options& options) {
  NoiseRequest request;
  for (const char* key : {"noise", "method", "shots", "trajectories", "seed"})
    request.given = request.given || options.has(key);
  NoisyOptions& wanted = request.options;
  if (options.has("method")) wanted.method = parse_noisy_method(options.text("method"));
  if (options.has("shots")) wanted.shots = options.values["shots"].as<std::int64_t>();
  if (options.has("trajectories")) wanted.trajectories = options.values["trajectories"].as<std::int64_t>();
  if (options.has("seed")) wanted.seed = options.values["seed"].as<std::uint64_t>();
  if (options.has("noise")) {
    request.file = options.text("noise");
    request.model = load_noise(request.file);
  }
  return request;
}

}  // namespace qmtl
