// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/noise_sweep.h"

#include <fmt/format.h>

#include "runtime/base/json_field.h"
#include "runtime/base/text.h"
#include "runtime/model/statistics.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/noisy_scores.h"
#include "tools/workflows/training/results.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

NoiseModel depolarising_device(double p) {
  NoiseModel model;
  if (p == 0) return model;
  for (const GateInfo& row : gate_table)
    if (is_elementary(row.gate))
      model.gates.push_back({row.gate, {}, {{depolarising(row.arity == 2 ? 10 * p : p, row.arity), -1}}});
  return model;
}

class Sweep {
 public:
  Sweep(const Ranks& ranks, const Learner& learner, const Dataset& data, std::vector<std::size_t> rows,
        const NoisyOptions& options)
      : ranks_(ranks), learner_(learner), data_(data), rows_(std::move(rows)), options_(options) {}

  Json shots(std::int64_t shots, int repeats) const {
    std::vector<double> scores;
    NoisyOptions options = options_;
    options.shots = shots;
    for (int r = 0; r < (shots == 0 ? 1 : repeats); ++r) {
      options.seed = options_.seed + static_cast<std::uint64_t>(r);
      scores.push_back(score(predict_noisy(ranks_, learner_, rows_, {}, options).logits));
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
    return predict_noisy(ranks_, learner_, rows_, depolarising_device(strength), options_).logits;
  }
  double score(const std::vector<float>& found) const {
    return score_logits(ranks_, learner_.spec(), data_, rows_, found).mean;
  }

  const Ranks& ranks_;
  const Learner& learner_;
  const Dataset& data_;
  std::vector<std::size_t> rows_;
  NoisyOptions options_;
};

}  // namespace

Json sweep_noise(const Ranks& ranks, const NoiseSweepRequest& request) {
  const Checkpoint checkpoint = load_checkpoint(ranks, request.checkpoint);
  const auto watched = ranks.watch(checkpoint.config.watchdog, Doing::other);
  const Dataset data = load_dataset_for(ranks, checkpoint, checkpoint.config.data_file);
  const auto learner = restore(ranks, checkpoint, data, request.simd);
  std::vector<std::size_t> rows = data.rows(Split::test);
  if (request.rows > 0 && request.rows < rows.size()) rows.resize(request.rows);
  const Sweep sweep(ranks, *learner, data, rows, request.noisy);
  Json json;
  json["format"] = "qmtl-noise-sweep";
  json["version"] = 1;
  json["title"] = data.title;
  json["run_hash"] = checkpoint.run_hash;
  json["rows"] = rows.size();
  for (const std::int64_t shots : request.shots) json["shots"].push_back(sweep.shots(shots, request.repeats));
  for (const double strength : request.strengths) json["noise"].push_back(sweep.noise(strength));
  return json;
}

std::string noise_sweep_text(const Json& json) {
  const auto cell = [](const Json& number) {
    return number.is_null() ? std::string("-") : fixed(number.get<double>(), 4);
  };
  std::string out = "   shots      mean        sd\n";
  for (const Json& row : json["shots"]) {
    const auto shots = row["shots"].get<std::int64_t>();
    out += fmt::format("{:>8}{:>10}{:>10}\n", shots ? std::to_string(shots) : "exact", cell(row["mean"]),
                       cell(row["sd"]));
  }
  out += "\nstrength      mean mitigated\n";
  for (const Json& row : json["noise"])
    out += fmt::format("{:>8}{:>10}{:>10}\n", significant(row["strength"].get<double>(), 4),
                       cell(row["mean"]), cell(row["mitigated"]));
  return out;
}

}  // namespace qmtl
