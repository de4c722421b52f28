// SPDX-License-Identifier: Apache-2.0
#include "tools/program/replay/tune_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/json_field.h"

namespace qmtl {

using Json = nlohmann::ordered_json;

namespace {

Json evaluation_json(const TuneModel::Evaluation& evaluation, const ModelSpec& spec) {
  Json json{{"loss", json_number(evaluation.loss)}};
  auto& tasks = json["tasks"] = Json::object();
  for (std::size_t t = 0; t < spec.tasks.size(); ++t)
    tasks[spec.tasks[t].name] = {{"metric", spec.tasks[t].metric},
                                 {"value", json_number(evaluation.scores.tasks[t])}};
  json["mean"] = json_number(evaluation.scores.mean);
  if (evaluation.scores.argmax_accuracy) json["argmax_accuracy"] = *evaluation.scores.argmax_accuracy;
  return json;
}

}  // namespace

Json tune_json(const TuneForecast& forecast) {
  return {
      {"angles", forecast.angles},
      {"programs", forecast.programs},
      {"executions", {{"evaluation", forecast.evaluation_executions}, {"step", forecast.step_executions}}},
      {"estimate", {{"total", forecast.total}, {"step", forecast.step}, {"unit", forecast.unit}}}};
}

Json tune_json(const TuneOutcome& outcome) {
  Json json = tune_json(outcome.forecast);
  json["checkpoint"] = outcome.checkpoint;
  json["run_hash"] = outcome.run_hash;
  json["steps"] = outcome.steps;
  json["stopped"] = outcome.stopped;
  json["samples"] = outcome.forecast.samples;
  json["spent"] = {
      {"cost", outcome.spent}, {"unit", outcome.forecast.unit}, {"executions", outcome.executions}};
  json["before"] = evaluation_json(outcome.before, outcome.spec);
  json["after"] = outcome.after ? evaluation_json(*outcome.after, outcome.spec) : Json(nullptr);
  return json;
}

std::string tune_text(const TuneOutcome& outcome) {
  const ModelSpec& spec = outcome.spec;
  std::size_t width = 4;
  for (const TaskSpec& task : spec.tasks) width = std::max(width, task.name.size());
  std::string text(width + 2, ' ');
  text += "    before     after    change\n";
  const auto add = [&](std::string first, double before, double now) {
    first.resize(width + 2, ' ');
    text += first + fmt::format("{:10.4f}{:10.4f}{:+10.4f}\n", before, now, now - before);
  };
  const TuneModel::Evaluation& after = outcome.after ? *outcome.after : outcome.before;
  for (std::size_t t = 0; t < spec.tasks.size(); ++t)
    add(spec.tasks[t].name, outcome.before.scores.tasks[t], after.scores.tasks[t]);
  add("mean", outcome.before.scores.mean, after.scores.mean);
  add("loss", outcome.before.loss, after.loss);
  return text + std::to_string(outcome.steps) + " steps, " + std::to_string(outcome.executions) +
         " executions" + (outcome.stopped.empty() ? "" : "; stopped: " + outcome.stopped) + "\n" +
         outcome.checkpoint + "\n";
}

}  // namespace qmtl
