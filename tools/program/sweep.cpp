// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "distributed/launch/cores.h"
#include "distributed/watchdog.h"
#include "io/files/atomic_file.h"
#include "runtime/base/json_field.h"
#include "runtime/model/statistics.h"
#include "tools/program/commands.h"
#include "tools/program/options.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/noisy_scores.h"
#include "tools/workflows/training/results.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

const Usage usage{"qmtl sweep CHECKPOINT [options]",
                  "The test score of a trained model against the number of shots (mean and deviation over "
                  "seeds) and against the\n"
                  "strength p of depolarising noise: p after gates on one qubit, 10 p after gates on two. "
                  "Mitigated: the logits\n"
                  "extrapolated to no noise from p and 2 p. Writes noise.json for qmtl report.",
                  "  qmtl sweep runs/digits --shots 0,64,256,1024 --strengths 0,0.001,0.003,0.01\n"
                  "  qmtl report runs/digits runs/digits/noise.json"};

template <class Number>
std::vector<Number> read_list(const std::string& option, const std::string& text, double most) {
  std::vector<Number> numbers;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    std::istringstream one(part);
    double value = 0;
    if (!(one >> value) || !one.eof() || !(value >= 0 && value <= most) ||
        value != static_cast<double>(static_cast<Number>(value))) {
      std::ostringstream limit;
      limit << most;
      throw usage_error("--" + option + ": expected numbers from 0 to " + limit.str() +
                        " with commas between them, found '" + part + "'");
    }
    numbers.push_back(static_cast<Number>(value));
  }
  if (numbers.empty()) throw usage_error("--" + option + ": expected at least one number");
  return numbers;
}

NoiseModel depolarising_device(double p) {
  NoiseModel model;
  if (p == 0) return model;
  for (const Gate gate : {Gate::rx, Gate::ry, Gate::rz})
    model.gates.push_back({gate, {}, {{depolarising(p, 1), -1}}});
  for (const Gate gate : {Gate::cx, Gate::cz})
    model.gates.push_back({gate, {}, {{depolarising(10 * p, 2), -1}}});
  return model;
}

class Sweep {
 public:
  Sweep(const Comm& comm, const Learner& learner, const Dataset& data, std::vector<std::size_t> rows,
        const NoisyOptions& options)
      : comm_(comm), learner_(learner), data_(data), rows_(std::move(rows)), options_(options) {}

  Json shots(std::int64_t shots, int repeats) const {
    std::vector<double> scores;
    NoisyOptions options = options_;
    options.shots = shots;
    for (int r = 0; r < (shots == 0 ? 1 : repeats); ++r) {
      options.seed = options_.seed + static_cast<std::uint64_t>(r);
      scores.push_back(score(predict_noisy(comm_, learner_, rows_, {}, options).logits));
    }
    const Spread s = spread(scores);
    return {{"shots", shots}, {"mean", json_number(s.mean)}, {"sd", json_number(s.deviation)}};
  }

  Json noise(double strength) const {
    const std::vector<float> once = logits(strength);
    Json row{{"strength", strength}, {"mean", json_number(score(once))}, {"mitigated", nullptr}};
    // Twice the noise must be a channel too: at most 15 / 16 after a gate on two qubits.
    if (strength == 0 || 20 * strength > 15.0 / 16) return row;
    std::vector<float> twice = logits(2 * strength);
    for (std::size_t i = 0; i < once.size(); ++i) twice[i] = 2 * once[i] - twice[i];
    row["mitigated"] = json_number(score(twice));
    return row;
  }

 private:
  std::vector<float> logits(double strength) const {
    return predict_noisy(comm_, learner_, rows_, depolarising_device(strength), options_).logits;
  }
  double score(const std::vector<float>& found) const {
    return score_logits(comm_, learner_.spec(), data_, rows_, found).mean;
  }

  const Comm& comm_;
  const Learner& learner_;
  const Dataset& data_;
  std::vector<std::size_t> rows_;
  NoisyOptions options_;
};

std::string text_of(const Json& json) {
  std::string out;
  char line[120];
  const auto value = [](const Json& number) {
    char cell[24] = "         -";
    if (!number.is_null()) std::snprintf(cell, sizeof cell, "%10.4f", number.get<double>());
    return std::string(cell);
  };
  out += "   shots      mean        sd\n";
  for (const Json& row : json["shots"]) {
    const auto shots = row["shots"].get<std::int64_t>();
    std::snprintf(line, sizeof line, "%8s%s%s\n", shots ? std::to_string(shots).c_str() : "exact",
                  value(row["mean"]).c_str(), value(row["sd"]).c_str());
    out += line;
  }
  out += "\nstrength      mean mitigated\n";
  for (const Json& row : json["noise"]) {
    std::snprintf(line, sizeof line, "%8.4g%s%s\n", row["strength"].get<double>(), value(row["mean"]).c_str(),
                  value(row["mitigated"]).c_str());
    out += line;
  }
  return out;
}

}  // namespace

int sweep_command(const Comm& comm, const Arguments& args) {
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
  const auto options = parse_options(comm, usage, own, {"checkpoint"}, {"checkpoint"}, args);
  if (!options) return 0;
  const ThreadLimit threads(find_cores(comm), options->common.threads);
  std::vector<std::int64_t> shots;
  std::vector<double> strengths;
  NoisyOptions noisy;
  std::string out;
  comm.together([&] {
    shots = read_list<std::int64_t>("shots", options->text("shots"), 1e9);
    strengths = read_list<double>("strengths", options->text("strengths"), 0.09);
    if (options->values["repeats"].as<int>() < 1) throw usage_error("--repeats: expected at least 1");
    noisy.seed = options->values["seed"].as<std::uint64_t>();
    noisy.trajectories = options->values["trajectories"].as<std::int64_t>();
    const std::string& path = options->text("checkpoint");
    const std::filesystem::path folder = std::filesystem::is_directory(path)
                                             ? std::filesystem::path(path)
                                             : std::filesystem::path(path).parent_path();
    out = options->text_or("out", (folder / "noise.json").string());
  });
  const Checkpoint checkpoint = load_checkpoint(comm, options->text("checkpoint"));
  const Watchdog watchdog(comm, checkpoint.config.watchdog, Doing::other);
  const Dataset data = load_dataset(comm, checkpoint.config.data_file);
  const auto learner = restore(comm, checkpoint, data, options->common.simd);
  std::vector<std::size_t> rows = data.rows(Split::test);
  if (const int most = options->values["rows"].as<int>();
      most > 0 && static_cast<std::size_t>(most) < rows.size())
    rows.resize(static_cast<std::size_t>(most));
  const Sweep sweep(comm, *learner, data, rows, noisy);
  Json json;
  json["format"] = "qmtl-noise-sweep";
  json["version"] = 1;
  json["title"] = data.title;
  json["run_hash"] = checkpoint.run_hash;
  json["rows"] = rows.size();
  for (const std::int64_t n : shots)
    json["shots"].push_back(sweep.shots(n, options->values["repeats"].as<int>()));
  for (const double strength : strengths) json["noise"].push_back(sweep.noise(strength));
  comm.together([&] {
    if (!comm.root()) return;
    write_file(out, json.dump(1) + "\n");
    if (options->common.json)
      std::cout << json.dump(2) << std::endl;
    else
      std::cout << text_of(json) << "\n" << out << std::endl;
  });
  return 0;
}

}  // namespace qmtl
