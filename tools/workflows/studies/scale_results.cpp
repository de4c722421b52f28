// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/scale_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/json_field.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

std::size_t all_parameters(const CountedModel& model) {
  return model.parameters.head + model.parameters.backbone;
}

Json size_json(const ScaleSpec& spec, const CountedModel& model) {
  return {{"head", spec.variants[model.variant].name},
          {"T", model.tasks},
          {"width", model.width},
          {"head_parameters", model.parameters.head},
          {"total_parameters", all_parameters(model)}};
}

}  // namespace

std::vector<ScaleSlope> fit_slopes(const ScaleSpec& spec, const std::vector<CountedModel>& counted) {
  std::vector<ScaleSlope> slopes;
  for (std::size_t v = 0; v < spec.variants.size(); ++v)
    for (const std::string of : {"head", "total"}) {
      std::vector<double> x, y;
      for (const CountedModel& model : counted) {
        if (model.variant != v) continue;
        x.push_back(std::log(model.tasks));
        y.push_back(
            std::log(static_cast<double>(of == "total" ? all_parameters(model) : model.parameters.head)));
      }
      slopes.push_back({v, of, fit_line(x, y)});
    }
  return slopes;
}

Json scale_json(const ScaleSpec& spec, const ScaleResult& result) {
  Json json;
  json["format"] = "qmtl-scale";
  json["version"] = 1;
  json["title"] = spec.title;
  json["per_task"] = spec.per_task;
  json["counted"] = Json::array();
  for (const CountedModel& model : result.counted) json["counted"].push_back(size_json(spec, model));
  for (const ScaleSlope& s : result.slopes)
    json["slopes"].push_back({{"head", spec.variants[s.variant].name},
                              {"of", s.of},
                              {"slope", json_number(s.line.slope)},
                              {"low", json_number(s.line.low)},
                              {"high", json_number(s.line.high)}});
  json["trained"] = Json::array();
  for (const ScaleTrial& trial : result.trained) {
    Json row = size_json(spec, trial.size);
    row["accuracy"] = json_number(trial.accuracy);
    row["seconds_per_step"] = trial.seconds_per_step;
    row["memory_bytes"] = trial.memory < 0 ? Json(nullptr) : Json(trial.memory);
    row["run_hash"] = trial.run_hash;
    json["trained"].push_back(std::move(row));
  }
  return json;
}

std::string scale_table(const ScaleSpec& spec, const ScaleResult& result) {
  std::string out = "| T | width |", rule = "\n|---:|---:|";
  for (const ScaleVariant& variant : spec.variants) {
    out += " " + variant.name + " |";
    rule += "---:|";
  }
  out += rule + "\n";
  for (const int tasks : spec.counted) {
    out += fmt::format("| {} | {} |", tasks, tasks * spec.per_task);
    for (std::size_t v = 0; v < spec.variants.size(); ++v) {
      const auto found =
          std::find_if(result.counted.begin(), result.counted.end(),
                       [&](const CountedModel& model) { return model.variant == v && model.tasks == tasks; });
      out += " " + (found == result.counted.end() ? "-" : std::to_string(found->parameters.head)) + " |";
    }
    out += "\n";
  }
  for (const std::string of : {"head", "total"}) {
    out += of == "head" ? "| slope | head |" : "| slope | all |";
    for (const ScaleSlope& s : result.slopes)
      if (s.of == of) out += fmt::format(" {:.3f} [{:.3f}, {:.3f}] |", s.line.slope, s.line.low, s.line.high);
    out += "\n";
  }
  if (result.trained.empty()) return out;
  out +=
      "\n| head | T | width | head parameters | all | mean accuracy | ms a step | memory MiB |\n"
      "|---|---:|---:|---:|---:|---:|---:|---:|\n";
  for (const ScaleTrial& trial : result.trained)
    out += fmt::format("| {} | {} | {} | {} | {} | {:.4f} | {:.2f} | {:.0f} |\n",
                       spec.variants[trial.size.variant].name, trial.size.tasks, trial.size.width,
                       trial.size.parameters.head, all_parameters(trial.size), trial.accuracy,
                       trial.seconds_per_step * 1e3, static_cast<double>(trial.memory) / 1048576);
  return out;
}

}  // namespace qmtl
